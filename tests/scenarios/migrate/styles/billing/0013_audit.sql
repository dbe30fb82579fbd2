CREATE TABLE audit (at timestamptz, what text, who text, old jsonb, new jsonb);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $audit$
BEGIN
    INSERT INTO public.audit (what, old, new) VALUES (TG_OP || ';' || TG_TABLE_NAME, CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
    RETURN coalesce(NEW, OLD);
END $audit$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF state OR DELETE ON invoice FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION audit();
UPDATE invoice SET state = 'paid' WHERE number < 1050;
