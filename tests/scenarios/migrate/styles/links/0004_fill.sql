INSERT INTO person (name) SELECT 'p' || n FROM generate_series(1, 12) n;
INSERT INTO community (name, title) VALUES ('main', 'Main; all of it'), ('cats', 'Cats & "more"');
INSERT INTO post (name, url, creator_id, community_id) SELECT 'post ' || n, 'https://example.test/?a=' || n || '&b=;', 1 + n % 12, 1 + n % 2 FROM generate_series(1, 30) n;
INSERT INTO comment (path, post_id, content) SELECT '0.' || n, 1 + n % 30, E'it\'s ; \\ ' || n FROM generate_series(1, 60) n;
