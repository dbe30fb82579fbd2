CREATE TABLE place (id int PRIMARY KEY, inside int REFERENCES place, name text, UNIQUE (inside, name));
INSERT INTO place VALUES (1, NULL, 'hall'), (2, 1, 'shelf'), (3, 2, 'box');
CREATE FUNCTION path(place) RETURNS text LANGUAGE sql STABLE AS $fn$
WITH RECURSIVE up AS (SELECT id, inside, name FROM place WHERE id = $1.id UNION ALL SELECT p.id, p.inside, p.name FROM place p, up WHERE p.id = up.inside)
SELECT string_agg(name, '/' ORDER BY id) FROM up;
$fn$;
