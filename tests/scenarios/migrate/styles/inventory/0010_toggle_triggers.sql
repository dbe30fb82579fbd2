CREATE FUNCTION upper_name() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER upper_name BEFORE INSERT ON place FOR EACH ROW EXECUTE FUNCTION upper_name();
ALTER TABLE place DISABLE TRIGGER upper_name;
INSERT INTO place VALUES (21, 1, 'lower');
ALTER TABLE place ENABLE ALWAYS TRIGGER upper_name;
INSERT INTO place VALUES (22, 1, 'upper');
