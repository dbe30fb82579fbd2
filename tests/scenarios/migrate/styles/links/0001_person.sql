CREATE TABLE person (
    id serial PRIMARY KEY,
    name text NOT NULL CHECK (name !~ '[;'']'),
    published timestamp NOT NULL DEFAULT '2021-01-01'
);
CREATE TABLE community (id serial PRIMARY KEY, name text, title text, hidden boolean DEFAULT false);
CREATE TABLE post (id serial PRIMARY KEY, name varchar(200), url text, creator_id int REFERENCES person ON UPDATE CASCADE ON DELETE CASCADE, community_id int REFERENCES community);
CREATE TABLE comment (id serial PRIMARY KEY, path text NOT NULL DEFAULT '0', post_id int REFERENCES post, content text);
