CREATE VIEW shelf AS SELECT id, name FROM place WHERE inside = 1;
CREATE FUNCTION add_shelf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO place VALUES (NEW.id, 1, NEW.name); RETURN NEW; END $$;
CREATE TRIGGER add_shelf INSTEAD OF INSERT ON shelf FOR EACH ROW EXECUTE FUNCTION add_shelf();
INSERT INTO shelf VALUES (10, 'new; shelf');
