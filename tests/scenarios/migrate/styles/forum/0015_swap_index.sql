DROP INDEX CONCURRENTLY index_posts_on_raw;
CREATE INDEX CONCURRENTLY index_posts_on_topic ON posts (topic_id, id);
REINDEX INDEX CONCURRENTLY index_topics_alive;
