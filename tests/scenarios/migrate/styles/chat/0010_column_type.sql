ALTER TABLE channels ALTER COLUMN totalmsgcount TYPE numeric(20,0) USING totalmsgcount::numeric(20,0);
ALTER TABLE channels ALTER COLUMN name TYPE text;
