CREATE INDEX events_name ON ONLY events (name);
CREATE INDEX events_other_name ON events_other (name);
ALTER INDEX events_name ATTACH PARTITION events_other_name;
