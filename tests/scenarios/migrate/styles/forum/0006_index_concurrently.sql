CREATE INDEX CONCURRENTLY index_posts_on_raw ON posts (md5(raw));
CREATE INDEX CONCURRENTLY IF NOT EXISTS index_topics_alive ON topics (user_id) WHERE deleted_at IS NULL;
