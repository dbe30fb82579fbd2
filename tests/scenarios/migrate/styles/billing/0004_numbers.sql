INSERT INTO customer (id, name) SELECT n, 'Customer ' || n FROM generate_series(1, 30) n;
INSERT INTO invoice (customer_id, total) SELECT n, ROW(n * 1.25, 'EUR')::price FROM generate_series(1, 30) n;
INSERT INTO line SELECT i.number, l, 'Work; ' || l, l, 19.99 FROM invoice i, generate_series(1, 3) l;
