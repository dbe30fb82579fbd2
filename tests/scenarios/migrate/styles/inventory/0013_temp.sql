CREATE TEMP TABLE scratch ON COMMIT DROP AS SELECT sku FROM item LIMIT 5;
INSERT INTO stock (at, sku, n) SELECT '2023-01-01', min(sku), 1 FROM scratch;
