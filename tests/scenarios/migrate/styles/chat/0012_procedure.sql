CREATE OR REPLACE PROCEDURE migrate_counts(batch int)
LANGUAGE plpgsql
AS $procedure$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT channelid, count(*) AS n FROM posts GROUP BY channelid ORDER BY channelid LOOP
        UPDATE channels SET totalmsgcount = r.n WHERE id = r.channelid;
    END LOOP;
END;
$procedure$;
CALL migrate_counts(10);
