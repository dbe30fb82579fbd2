CREATE INDEX CONCURRENTLY events_1_old_name ON events_1_old (name);
CREATE INDEX CONCURRENTLY events_1_new_name ON events_1_new (name);
