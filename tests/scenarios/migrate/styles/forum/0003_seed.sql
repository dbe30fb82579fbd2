INSERT INTO topics (title, user_id) SELECT format('Topic %s; how to?', n), 1 + n % 40 FROM generate_series(1, 25) n;
INSERT INTO posts (topic_id, post_number, raw)
SELECT t.id, p, E'First line\nsecond; line\t' || p FROM topics t, generate_series(1, 3) p;
