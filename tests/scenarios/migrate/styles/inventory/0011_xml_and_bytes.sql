CREATE TABLE blob (id int, data bytea, kind bit(4), bits varbit);
INSERT INTO blob VALUES (1, '\xdeadbeef', B'1010', B'1'), (2, E'\\000\\001;', X'F', B'');
