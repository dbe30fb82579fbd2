CREATE TABLE stock (at date, sku sku, n int CHECK (n >= 0) NO INHERIT);
CREATE TABLE stock_2024 (CHECK (at >= '2024-01-01' AND at < '2025-01-01')) INHERITS (stock);
INSERT INTO stock_2024 SELECT '2024-03-01', sku, 5 FROM item;
ALTER TABLE stock ADD COLUMN note text DEFAULT 'none; yet';
