CREATE TABLE conversation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    title text NOT NULL DEFAULT '',
    created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    conversation bigint NOT NULL REFERENCES conversation ON DELETE CASCADE,
    author text NOT NULL CHECK (author IN ('user', 'assistant')),
    body text NOT NULL,
    sent timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX message_conversation ON message (conversation, sent);
