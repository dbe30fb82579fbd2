INSERT INTO item (sku, attrs) VALUES ('BIG-0001', (SELECT jsonb_object_agg('key ' || n, repeat('v', n)) FROM generate_series(1, 200) n));
