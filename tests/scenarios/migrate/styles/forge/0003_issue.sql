CREATE TABLE "issue" ("id" BIGSERIAL PRIMARY KEY, "repo_id" BIGINT, "index" BIGINT, "name" VARCHAR(255), "content" TEXT, "order" INT, "user" BIGINT);
CREATE UNIQUE INDEX "UQE_issue_repo_index" ON "issue" ("repo_id", "index");
INSERT INTO "issue" ("repo_id", "index", "name", "content", "order", "user")
    SELECT r.id, 1, 'Name', $content$Body with $$ and ; and 'quotes' and \backslash$content$, 1, 1 FROM "repository" r;
