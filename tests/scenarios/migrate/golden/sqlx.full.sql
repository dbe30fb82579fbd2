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
CREATE FUNCTION public.f() RETURNS integer
    LANGUAGE plpgsql
    AS $$
BEGIN
  RETURN 1; -- one
END
$$;
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
3	body	2026-11-30 21:21:41.052074+00	t	\\x7441529e5a64e597f9315dfbc085635982a63c81f09deadd4b3face2d6da93fae379e291e6e3b11077269d7308680d95	5461845
4	index	2026-11-30 21:21:41.063964+00	t	\\xc52e7a819996fbef96bc70e244e52d64471ff6faefca728ee0817428936b5a1c68086c4f144b4bdea7ed9e6c6a4deee4	2088278
\.
COPY public.a (i) FROM stdin;
1
2
\.
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
CREATE INDEX a_i ON public.a USING btree (i);
