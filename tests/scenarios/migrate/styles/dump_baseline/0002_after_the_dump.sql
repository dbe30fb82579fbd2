CREATE TABLE unqualified (id int);
INSERT INTO unqualified VALUES (1);
