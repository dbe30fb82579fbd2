ALTER TABLE app.account ADD COLUMN at timestamptz;
COMMENT ON COLUMN app.account.at IS 'when; if ever';
