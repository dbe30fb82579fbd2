CREATE FUNCTION first_agg (anyelement, anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1;';
CREATE AGGREGATE first (anyelement) (SFUNC = first_agg, STYPE = anyelement, PARALLEL = SAFE);
CREATE VIEW firsts AS SELECT site, first(name ORDER BY at) AS name FROM events GROUP BY site;
