SELECT setval('"repository_id_seq"', (SELECT max("id") FROM "repository"), true);
SELECT setval(pg_get_serial_sequence('"user"', 'id'), 100);
