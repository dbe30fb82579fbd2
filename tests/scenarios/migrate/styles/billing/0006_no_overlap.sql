CREATE TABLE rate (customer_id bigint REFERENCES customer, during daterange NOT NULL, price numeric NOT NULL, EXCLUDE USING gist (int8range(customer_id, customer_id, '[]') WITH =, during WITH &&));
INSERT INTO rate VALUES (1, '[2024-01-01,2024-06-01)', 10), (1, '[2024-06-01,)', 11), (2, '(,)', 12);
