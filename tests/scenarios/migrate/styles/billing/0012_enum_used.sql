INSERT INTO invoice (customer_id, total) VALUES (1, ROW(5, 'CHF'));
