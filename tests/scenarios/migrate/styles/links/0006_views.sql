CREATE VIEW post_view AS SELECT p.*, pa.comments, pa.score, (SELECT name FROM person WHERE person.id = p.creator_id) AS creator FROM post p JOIN post_aggregates pa ON pa.post_id = p.id;
CREATE VIEW comment_view AS SELECT c.id, comment_depth(c.path) AS depth, c.content FROM comment c;
