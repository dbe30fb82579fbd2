CREATE TABLE ledger (id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 10), account text, debit numeric, credit numeric, CHECK ((debit IS NULL) <> (credit IS NULL)));
INSERT INTO ledger (account, debit) SELECT 'A' || n % 4, n FROM generate_series(1, 20) n;
INSERT INTO ledger (id, account, credit) OVERRIDING SYSTEM VALUE VALUES (5, 'opening', 0);
