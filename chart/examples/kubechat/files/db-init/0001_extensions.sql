-- What the tables need and an administrator may have made already. A database that is in use is not changed.
CREATE SCHEMA IF NOT EXISTS audit;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
