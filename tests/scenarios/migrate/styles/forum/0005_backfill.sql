UPDATE topics t SET posts_count = c.n FROM (SELECT topic_id, count(*) AS n FROM posts GROUP BY 1) c WHERE c.topic_id = t.id;
INSERT INTO posts (topic_id, post_number, raw) VALUES (1, 4, 'It''s "quoted"; -- and no comment'), (2, 4, '/* neither */');
