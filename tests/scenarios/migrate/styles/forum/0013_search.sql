ALTER TABLE posts ADD COLUMN search_data tsvector GENERATED ALWAYS AS (to_tsvector('english', raw)) STORED;
CREATE INDEX posts_search ON posts USING gin (search_data);
