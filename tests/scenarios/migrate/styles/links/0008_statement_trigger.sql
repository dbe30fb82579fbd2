CREATE FUNCTION count_comments() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE post_aggregates a SET comments = a.comments + d.n
    FROM (SELECT post_id, count(*) AS n FROM new_rows GROUP BY post_id) d WHERE d.post_id = a.post_id;
    RETURN NULL;
END $body$;
CREATE TRIGGER count_comments AFTER INSERT ON comment REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_comments();
INSERT INTO comment (post_id, content) VALUES (1, 'one'), (1, 'two'), (2, 'three');
