CREATE INDEX CONCURRENTLY message_search ON message USING gin (body gin_trgm_ops);
