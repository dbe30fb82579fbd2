INSERT INTO task (title) VALUES ('Take a look around');
