CREATE TABLE t (a int,
  b text);
-- a comment; of DOS
INSERT INTO t VALUES (1, 'one
two');
