SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.a (
    i integer
);
COPY public._sqlx_migrations (version, description, installed_on, success, checksum, execution_time) FROM stdin;
1	create a	2026-11-30 21:21:40.684224+00	t	\\x8b0ca37988520d07e1f9e9e30978b40ec5a093eef0eac95bd3696b1cd7c99e5b5b8e02c1d8338db402a4e8d1eb0ed6a8	1759530
2	fill it	2026-11-30 21:21:40.68915+00	t	\\x8aea69f4d1dbf6715859915b8663c2841e442bd435cddee9184de46516597a8d5be60b6ed4921700320429859076a8df	3568073
\.
COPY public.a (i) FROM stdin;
1
2
\.
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
