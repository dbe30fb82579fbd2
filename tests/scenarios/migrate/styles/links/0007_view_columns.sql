DROP VIEW post_view;
ALTER TABLE post ADD COLUMN nsfw boolean NOT NULL DEFAULT false, ADD COLUMN locked boolean;
ALTER TABLE post ALTER COLUMN name TYPE varchar(300);
CREATE VIEW post_view AS SELECT p.*, pa.comments, pa.score FROM post p JOIN post_aggregates pa ON pa.post_id = p.id;
CREATE OR REPLACE VIEW comment_view AS SELECT c.id, comment_depth(c.path) AS depth, c.content, c.post_id FROM comment c;
