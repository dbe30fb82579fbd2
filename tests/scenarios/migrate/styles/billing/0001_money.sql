CREATE TYPE currency AS ENUM ('EUR', 'USD', 'JPY');
CREATE DOMAIN amount AS numeric(14, 4) NOT NULL DEFAULT 0 CHECK (VALUE > -1e9);
CREATE TYPE price AS (amount numeric(14, 4), currency currency);
CREATE TABLE customer (id bigint PRIMARY KEY, name text, balance amount, since date DEFAULT '2020-02-29');
