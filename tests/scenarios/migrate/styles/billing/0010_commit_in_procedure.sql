-- migrate: transaction=off
CREATE PROCEDURE settle() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..3 LOOP
        UPDATE invoice SET state = 'sent' WHERE number % 3 = i - 1;
        COMMIT AND CHAIN;
    END LOOP;
END $$;
CALL settle();
