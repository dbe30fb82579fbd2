ALTER TABLE "issue" RENAME TO "tmp_issue";
ALTER INDEX "UQE_issue_repo_index" RENAME TO "UQE_tmp";
ALTER TABLE "tmp_issue" RENAME TO "issue";
ALTER INDEX "UQE_tmp" RENAME TO "UQE_issue_repo_index";
