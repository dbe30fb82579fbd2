SET search_path = app, public;
INSERT INTO account OVERRIDING SYSTEM VALUE VALUES (4, 'fourth', 'It''s', NULL);
INSERT INTO account OVERRIDING SYSTEM VALUE VALUES (5, 'fifth', E'a\nb\\', NULL);
SELECT setval('account_id_seq', 5);
