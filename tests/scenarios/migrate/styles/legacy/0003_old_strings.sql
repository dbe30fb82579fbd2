SET standard_conforming_strings = off;
SET escape_string_warning = off;
INSERT INTO t VALUES (2, 'back\'slash; still');
INSERT INTO t VALUES (3, 'x\\');
SET standard_conforming_strings = on;
INSERT INTO t VALUES (4, 'x\');
