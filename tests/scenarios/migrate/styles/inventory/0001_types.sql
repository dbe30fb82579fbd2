CREATE TYPE dimensions AS (w numeric, h numeric, d numeric);
CREATE DOMAIN sku AS char(8) CHECK (VALUE ~ '^[A-Z]{3}-[0-9]{4}$');
CREATE TABLE item (sku sku PRIMARY KEY, size dimensions, tags text[] DEFAULT '{}', attrs jsonb DEFAULT '{}');
