INSERT INTO teams (id, createat, displayname, name) VALUES ('t1', 1, 'Team One', 'one'), ('t2', 2, E'Team\\Two', 'two');
INSERT INTO channels (id, teamid, type, name) SELECT 'c' || n, 't' || (1 + n % 2), (ARRAY['P','G','O','D']::channel_type[])[1 + n % 4], 'channel-' || n FROM generate_series(1, 20) n;
