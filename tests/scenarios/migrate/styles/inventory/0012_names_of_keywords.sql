CREATE TABLE "select" ("from" int, "where" text, "end" int, "case" int);
INSERT INTO "select" VALUES (1, 'w', 2, 3);
CREATE VIEW begin AS SELECT s."from" AS end, s.case AS begin FROM "select" s;
