CREATE TABLE topics (
    id bigserial PRIMARY KEY,
    title text NOT NULL,
    user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    posts_count integer NOT NULL DEFAULT 0,
    deleted_at timestamptz
);
CREATE TABLE posts (
    id bigserial PRIMARY KEY,
    topic_id bigint NOT NULL REFERENCES topics,
    post_number integer NOT NULL,
    raw text NOT NULL,
    UNIQUE (topic_id, post_number)
);
