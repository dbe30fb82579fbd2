COPY events (site, at, name, props, visitor) FROM STDIN;
1	2023-05-01 00:00:00+00	pageview	{"path": "/a;b", "q": "it's"}	00000000-0000-0000-0000-000000000001
1	2024-05-01 00:00:00+00	page\\view	\N	00000000-0000-0000-0000-000000000002
2	2024-06-01 00:00:00+00	tab\there	{}	00000000-0000-0000-0000-000000000003
\.
COPY events (site, at, name) FROM stdin WITH (FORMAT csv, DELIMITER ';', HEADER);
site;at;name
3;2024-01-01 00:00:00+00;"a;quoted ""name"" x"
3;2024-01-02 00:00:00+00;--no comment
\.
SELECT count(*) FROM events;
