ALTER TABLE conversation DROP pinned;
