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
CREATE TABLE public.a (
    i integer
);
CREATE TABLE public.flyway_schema_history (
    installed_rank integer NOT NULL,
    version character varying(50),
    description character varying(200) NOT NULL,
    type character varying(20) NOT NULL,
    script character varying(1000) NOT NULL,
    checksum integer,
    installed_by character varying(100) NOT NULL,
    installed_on timestamp without time zone DEFAULT now() NOT NULL,
    execution_time integer NOT NULL,
    success boolean NOT NULL
);
CREATE VIEW public.v AS
 SELECT a.i
   FROM public.a;
COPY public.a (i) FROM stdin;
1
2
\.
COPY public.flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, installed_on, execution_time, success) FROM stdin;
1	1	create a	SQL	V1__create_a.sql	45270906	app	2026-11-29 00:12:10.617454	170	t
2	1.1	fill it	SQL	V1_1__fill_it.sql	1327511416	app	2026-11-29 00:12:11.760516	170	t
3	2	body	SQL	V2__body.sql	679300772	app	2026-11-29 00:12:12.263007	60	t
4	\N	a view	SQL	R__a_view.sql	-221354867	app	2026-11-29 00:12:12.621754	110	t
\.
ALTER TABLE ONLY public.flyway_schema_history
    ADD CONSTRAINT flyway_schema_history_pk PRIMARY KEY (installed_rank);
CREATE INDEX flyway_schema_history_s_idx ON public.flyway_schema_history USING btree (success);
