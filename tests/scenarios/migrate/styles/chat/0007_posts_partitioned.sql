CREATE TABLE posts (
    id bigint NOT NULL,
    channelid VARCHAR(26) NOT NULL,
    createat bigint NOT NULL,
    message text,
    props jsonb
) PARTITION BY RANGE (createat);
CREATE TABLE posts_a PARTITION OF posts FOR VALUES FROM (0) TO (1000);
CREATE TABLE posts_b PARTITION OF posts FOR VALUES FROM (1000) TO (2000);
INSERT INTO posts SELECT n, 'c' || (1 + n % 20), n * 13 % 2000, repeat('x', n % 7), jsonb_build_object('n', n) FROM generate_series(1, 300) n;
