CREATE TABLE private_message (id serial PRIMARY KEY, creator_id int NOT NULL, recipient_id int NOT NULL, content text NOT NULL, read bool DEFAULT false NOT NULL, CHECK (creator_id <> recipient_id));
CREATE INDEX ON private_message (recipient_id) WHERE NOT read;
