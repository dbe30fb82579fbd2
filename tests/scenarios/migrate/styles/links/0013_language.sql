CREATE TABLE language (id int PRIMARY KEY, code varchar(3), name text);
INSERT INTO language VALUES (0, 'und', 'Undetermined'), (1, 'de', 'Deutsch'), (2, 'ja', '日本語'), (3, 'el', 'Ελληνικά'), (4, 'ar', 'العربية');
ALTER TABLE post ADD COLUMN language_id int NOT NULL DEFAULT 0 REFERENCES language;
