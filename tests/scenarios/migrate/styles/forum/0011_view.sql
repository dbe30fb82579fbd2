CREATE VIEW hot_topics AS
SELECT t.id, t.title, CASE WHEN t.posts_count > 3 THEN 'hot' ELSE 'cold' END AS heat
FROM topics t WHERE t.deleted_at IS NULL;
