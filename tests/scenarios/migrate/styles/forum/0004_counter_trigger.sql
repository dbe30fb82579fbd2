CREATE OR REPLACE FUNCTION count_posts() RETURNS trigger AS $function$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE topics SET posts_count = posts_count + 1 WHERE id = NEW.topic_id;
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE topics SET posts_count = posts_count - 1 WHERE id = OLD.topic_id;
        RETURN OLD;
    END IF;
    RETURN NULL; -- never; ever
END;
$function$ LANGUAGE plpgsql;
CREATE TRIGGER count_posts AFTER INSERT OR DELETE ON posts FOR EACH ROW EXECUTE FUNCTION count_posts();
