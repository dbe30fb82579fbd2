DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['posts', 'tags'] LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN deleted_at timestamptz', t);
    END LOOP;
END
$$;
