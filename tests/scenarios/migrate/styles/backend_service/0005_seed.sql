insert into auth.users (id, email, raw_app_meta_data) values
  ('00000000-0000-0000-0000-00000000000a', 'a@example.test', '{"name": "alice;"}'),
  ('00000000-0000-0000-0000-00000000000b', 'b@example.test', null);
