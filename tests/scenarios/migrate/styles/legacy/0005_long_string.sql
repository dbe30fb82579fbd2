INSERT INTO t VALUES (7, 'a' -- begins
  'b'
  'c;');
INSERT INTO t VALUES (8, E'\x41'
  '\'');
