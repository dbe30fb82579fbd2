ALTER TABLE task ADD done boolean NOT NULL DEFAULT false;
