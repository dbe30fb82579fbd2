ALTER TABLE "user" ALTER COLUMN "name" TYPE varchar(255) COLLATE "C";
CREATE INDEX user_name_pattern ON "user" (name varchar_pattern_ops);
