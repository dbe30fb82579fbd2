COPY lines (t) FROM STDIN WITH (FORMAT csv, QUOTE '''', ESCAPE '"', NULL 'nil');
'a "' b;
c'
nil
\.
