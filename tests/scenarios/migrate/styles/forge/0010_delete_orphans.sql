DELETE FROM access a USING "user" u WHERE u.id = a.user_id AND NOT coalesce(u.is_admin, false) AND a.repo_id % 2 = 0;
