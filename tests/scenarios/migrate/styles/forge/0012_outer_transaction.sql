BEGIN;

ALTER TABLE issue ADD COLUMN is_closed boolean NOT NULL DEFAULT false;
UPDATE issue SET is_closed = true WHERE id % 2 = 0;

COMMIT;
