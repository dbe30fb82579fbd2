CREATE FUNCTION funnel(VARIADIC steps text[]) RETURNS TABLE (step text, n bigint) LANGUAGE plpgsql STABLE AS
$$
<<outer>>
DECLARE
    s text;
BEGIN
    FOREACH s IN ARRAY steps LOOP
        step := s; SELECT count(*) INTO n FROM events e WHERE e.name = s;
        RETURN NEXT;
    END LOOP;
    IF FALSE THEN RAISE NOTICE 'never; %', $q$'quoted'$q$; END IF;
EXCEPTION
    WHEN division_by_zero OR undefined_table THEN
        NULL;
END outer
$$;
