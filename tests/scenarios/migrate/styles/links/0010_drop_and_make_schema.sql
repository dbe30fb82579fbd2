DROP SCHEMA IF EXISTS r CASCADE;
CREATE SCHEMA r;
CREATE FUNCTION r.controversy(up numeric, down numeric) RETURNS float LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF down <= 0 OR up <= 0 THEN
        RETURN 0;
    ELSE
        RETURN (up + down) * CASE WHEN up > down THEN down::float / up::float ELSE up::float / down::float END;
    END IF;
END; $$;
