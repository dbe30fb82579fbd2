ALTER TABLE invoice ADD COLUMN due date;
UPDATE invoice SET due = '2024-01-31'::date + (number % 28)::int;
ALTER TABLE invoice ALTER COLUMN due SET NOT NULL, ALTER COLUMN due SET DEFAULT '2024-12-31';
