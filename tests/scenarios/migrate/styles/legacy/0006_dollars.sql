CREATE FUNCTION d1() RETURNS text LANGUAGE sql AS $a$ SELECT $b$ $a $ a$ $b$ || $$x$$; $a$;
CREATE FUNCTION d$2() RETURNS text LANGUAGE sql AS $_é$ SELECT '$a$;' $_é$;
PREPARE p(int) AS SELECT $1;
DEALLOCATE p;
