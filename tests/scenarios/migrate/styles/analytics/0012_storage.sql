ALTER TABLE daily SET (fillfactor = 70, autovacuum_enabled = false);
ALTER TABLE events_other ALTER COLUMN props SET STORAGE EXTERNAL, ALTER COLUMN name SET STATISTICS 500;
