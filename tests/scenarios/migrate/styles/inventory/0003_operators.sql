CREATE FUNCTION volume(dimensions) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT ($1).w * ($1).h * ($1).d $$;
CREATE FUNCTION bigger(dimensions, dimensions) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN volume($1) > volume($2);
CREATE OPERATOR >>> (LEFTARG = dimensions, RIGHTARG = dimensions, FUNCTION = bigger);
CREATE VIEW big AS SELECT sku FROM item WHERE size >>> ROW(10, 10, 10)::dimensions;
