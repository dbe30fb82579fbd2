CREATE FUNCTION public.case_test(x int) RETURNS text LANGUAGE sql
BEGIN ATOMIC
  SELECT CASE WHEN x > 0 THEN CASE x WHEN 1 THEN 'one; ' ELSE 'many' END ELSE 'none' END;
END;
CREATE PROCEDURE public."end"(a int) LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO public.profiles (id, username) SELECT id, 'x' FROM auth.users WHERE false;
  UPDATE public.profiles SET website = 'https://example.test/;' WHERE id IS NULL;
END;
CREATE FUNCTION public.words() RETURNS TABLE ("begin" int, "case" int) LANGUAGE sql BEGIN ATOMIC SELECT 1 AS begin, 2 AS "case"; SELECT 3 AS end, 4; END;
