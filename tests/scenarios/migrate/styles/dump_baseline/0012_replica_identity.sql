ALTER TABLE ONLY app.account REPLICA IDENTITY FULL;
ALTER TABLE app.account SET (toast.autovacuum_enabled = false);
