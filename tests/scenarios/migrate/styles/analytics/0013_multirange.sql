CREATE TABLE campaign (id int PRIMARY KEY, active tstzmultirange, hours int4range, EXCLUDE USING gist (hours WITH &&));
INSERT INTO campaign VALUES (1, '{[2024-01-01 00:00+00, 2024-02-01 00:00+00), [2024-03-01 00:00+00,)}', '[1,5)'), (2, '{}', '[5,9)');
