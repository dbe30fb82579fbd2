ALTER TABLE "repository" ADD COLUMN "created_unix" BIGINT;
ALTER TABLE "repository" ADD COLUMN "updated_unix" BIGINT;
UPDATE "repository" SET "created_unix" = 1600000000 + "id", "updated_unix" = 1700000000;
