ALTER TABLE task ADD owner text;
UPDATE task SET owner = author;
