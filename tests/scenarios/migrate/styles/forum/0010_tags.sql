CREATE TABLE tags (id serial PRIMARY KEY, name text UNIQUE);
CREATE TABLE topic_tags (topic_id bigint REFERENCES topics, tag_id integer REFERENCES tags, PRIMARY KEY (topic_id, tag_id));
WITH made AS (INSERT INTO tags (name) VALUES ('c'), ('sql'), ('ops') RETURNING id)
INSERT INTO topic_tags SELECT t.id, made.id FROM topics t, made WHERE t.id % 3 = made.id % 3;
