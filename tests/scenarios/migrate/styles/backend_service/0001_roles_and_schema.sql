CREATE SCHEMA IF NOT EXISTS auth;
CREATE SCHEMA IF NOT EXISTS "Quoted Schema; yes";
CREATE TABLE auth.users (instance_id uuid NULL, id uuid NOT NULL UNIQUE, email varchar(255) NULL, raw_app_meta_data jsonb NULL, is_super_admin bool NULL, created_at timestamptz NULL, CONSTRAINT users_pkey PRIMARY KEY (id));
COMMENT ON TABLE auth.users IS 'Auth: Stores user login data within a secure schema.';
CREATE INDEX users_instance_id_email_idx ON auth.users USING btree (instance_id, email);
