-- migrate: transaction=off
DO $$
DECLARE
    last bigint := 0;
BEGIN
    LOOP
        UPDATE customer SET balance = balance + 1 WHERE id > last AND id <= last + 10;
        EXIT WHEN NOT FOUND;
        last := last + 10;
        COMMIT;
    END LOOP;
END $$;
