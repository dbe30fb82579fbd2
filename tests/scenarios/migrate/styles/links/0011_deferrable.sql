ALTER TABLE comment ADD COLUMN parent_id int;
ALTER TABLE comment ADD CONSTRAINT comment_parent FOREIGN KEY (parent_id) REFERENCES comment (id) DEFERRABLE INITIALLY DEFERRED;
INSERT INTO comment (id, parent_id, post_id, content) VALUES (1001, 1002, 1, 'child'), (1002, NULL, 1, 'parent');
