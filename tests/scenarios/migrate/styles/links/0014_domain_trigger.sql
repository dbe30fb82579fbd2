CREATE DOMAIN handle AS text CHECK (VALUE ~ '^[a-z0-9_]+$' AND length(VALUE) < 64);
ALTER TABLE community ALTER COLUMN name TYPE handle;
ALTER DOMAIN handle ADD CONSTRAINT not_admin CHECK (VALUE <> 'admin;');
