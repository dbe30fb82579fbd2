ALTER TABLE topics ADD CONSTRAINT category_present CHECK (category_id IS NOT NULL) NOT VALID;
ALTER TABLE topics VALIDATE CONSTRAINT category_present;
ALTER TABLE topics ALTER COLUMN category_id SET NOT NULL;
ALTER TABLE topics DROP CONSTRAINT category_present;
