ALTER TABLE "repository" ALTER COLUMN "is_private" DROP DEFAULT;
ALTER TABLE "repository" ALTER COLUMN "is_private" TYPE INT USING CASE WHEN "is_private" THEN 1 ELSE 0 END;
ALTER TABLE "repository" ALTER COLUMN "is_private" SET DEFAULT 0;
