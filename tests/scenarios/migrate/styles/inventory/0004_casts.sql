CREATE FUNCTION to_dimensions(text) RETURNS dimensions LANGUAGE sql IMMUTABLE STRICT AS 'SELECT ROW(split_part($1, ''x'', 1)::numeric, split_part($1, ''x'', 2)::numeric, split_part($1, ''x'', 3)::numeric)::dimensions';
CREATE CAST (text AS dimensions) WITH FUNCTION to_dimensions(text);
UPDATE item SET size = '1x2x3'::text::dimensions WHERE sku = 'ABC-0001';
