DO LANGUAGE plpgsql $do$
DECLARE
    d date;
BEGIN
    FOR d IN SELECT generate_series('2025-01-01'::date, '2025-06-01', '1 month') LOOP
        EXECUTE format($f$CREATE TABLE %I (LIKE events INCLUDING DEFAULTS); COMMENT ON TABLE %1$I IS %L$f$, 'month_' || to_char(d, 'YYYY_MM'), 'of ' || d || ';');
    END LOOP;
END
$do$;
