COPY app.account (name, note) FROM stdin;
\.
