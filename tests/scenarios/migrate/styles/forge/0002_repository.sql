CREATE TABLE "repository" ("id" BIGSERIAL PRIMARY KEY, "owner_id" BIGINT, "lower_name" VARCHAR(255), "is_private" BOOL, "size" BIGINT DEFAULT 0 NOT NULL);
CREATE INDEX "IDX_repository_owner_id" ON "repository" ("owner_id");
INSERT INTO "user" ("lower_name", "name", "is_admin") VALUES ('root', 'Root', true), ('a;b', 'A;b', false), ('q"uote', 'Q"uote', null);
INSERT INTO "repository" ("owner_id", "lower_name", "is_private") SELECT u.id, 'repo' || n, n % 2 = 0 FROM "user" u, generate_series(1, 5) n;
