CREATE TABLE access (user_id bigint, repo_id bigint, mode int, PRIMARY KEY (user_id, repo_id));
INSERT INTO access SELECT u.id, r.id, 1 FROM "user" u CROSS JOIN "repository" r ON CONFLICT DO NOTHING;
INSERT INTO access SELECT u.id, r.id, 2 FROM "user" u CROSS JOIN "repository" r WHERE u.is_admin ON CONFLICT (user_id, repo_id) DO UPDATE SET mode = EXCLUDED.mode;
