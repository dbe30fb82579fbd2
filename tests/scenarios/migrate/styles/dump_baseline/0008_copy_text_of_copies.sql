CREATE TABLE lines (t text);
COPY lines FROM STDIN;
COPY lines FROM STDIN;
SELECT 1;
-- no comment
$$
\\.
\.
INSERT INTO lines VALUES ('COPY t FROM STDIN;');
