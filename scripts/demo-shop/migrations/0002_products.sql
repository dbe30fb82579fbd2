CREATE TABLE product (
    id    integer PRIMARY KEY,
    name  text NOT NULL,
    cents integer NOT NULL CHECK (cents >= 0)
);
INSERT INTO product (id, name, cents)
VALUES (1, 'tea; loose', 450), (2, 'teapot', 2900), (3, E'cup with \'handle\'', 800);
