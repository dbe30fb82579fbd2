DROP VIEW hot_topics;
ALTER TABLE topics RENAME COLUMN title TO headline;
CREATE VIEW hot_topics AS
SELECT t.id, t.headline, c.name AS category, t.posts_count > 3 AS hot FROM topics t JOIN categories c ON c.id = t.category_id;
COMMENT ON VIEW hot_topics IS 'rebuilt; twice';
