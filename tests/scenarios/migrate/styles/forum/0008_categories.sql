CREATE TABLE categories (id serial PRIMARY KEY, name text NOT NULL, parent_id integer REFERENCES categories, position integer);
INSERT INTO categories (name, position) VALUES ('General', 1), ('Meta', 2), ('Größe', 3);
ALTER TABLE topics ADD COLUMN category_id integer REFERENCES categories;
UPDATE topics SET category_id = 1 + id % 3;
