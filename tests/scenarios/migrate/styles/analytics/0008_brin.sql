CREATE INDEX events_old_at ON events_1_old USING brin (at) WITH (pages_per_range = 32);
CREATE INDEX ON events USING hash (visitor);
