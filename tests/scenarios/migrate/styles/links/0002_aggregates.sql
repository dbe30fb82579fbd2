CREATE TABLE post_aggregates (post_id int PRIMARY KEY REFERENCES post ON DELETE CASCADE, comments bigint DEFAULT 0 NOT NULL, score bigint DEFAULT 0 NOT NULL, hot_rank double precision DEFAULT 0.1728 NOT NULL);

CREATE FUNCTION post_aggregates_post ()
    RETURNS TRIGGER
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF (TG_OP = 'INSERT') THEN
        INSERT INTO post_aggregates (post_id)
            VALUES (NEW.id);
    ELSIF (TG_OP = 'DELETE') THEN
        DELETE FROM post_aggregates
        WHERE post_id = OLD.id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER post_aggregates_post
    AFTER INSERT OR DELETE ON post
    FOR EACH ROW
    EXECUTE PROCEDURE post_aggregates_post ();
