ALTER TABLE conversation ADD pinned boolean NOT NULL DEFAULT false;
