CREATE TABLE "repository_new" (LIKE "repository" INCLUDING ALL);
INSERT INTO "repository_new" SELECT * FROM "repository";
ALTER SEQUENCE "repository_id_seq" OWNED BY "repository_new"."id";
DROP TABLE "repository";
ALTER TABLE "repository_new" RENAME TO "repository";
