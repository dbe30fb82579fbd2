CREATE TABLE action (id bigint, user_id bigint, op int) PARTITION BY HASH (user_id);
CREATE TABLE action_0 PARTITION OF action FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE action_1 PARTITION OF action FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO action SELECT n, n % 9, n % 3 FROM generate_series(1, 90) n;
