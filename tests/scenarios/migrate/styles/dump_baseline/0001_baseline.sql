--
-- PostgreSQL database dump
--

\restrict Zb3kqJ0example

-- Dumped from database version 15.10
-- Dumped by pg_dump version 17.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: app; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA app;


SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE app.account (
    id bigint NOT NULL,
    name text NOT NULL,
    note text
);

ALTER TABLE app.account ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME app.account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE FUNCTION app.f(a integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT (f.a + 1)
    AS "?column?";
END;

COPY app.account (id, name, note) FROM stdin;
1	first	\N
2	se;cond	back\\slash
3	\tTab	--
\.


SELECT pg_catalog.setval('app.account_id_seq', 3, true);

ALTER TABLE ONLY app.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);

CREATE INDEX account_name ON app.account USING btree (name);

--
-- PostgreSQL database dump complete
--

\unrestrict Zb3kqJ0example
