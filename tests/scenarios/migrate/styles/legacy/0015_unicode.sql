CREATE TABLE "tëst" ("größe" text, 名前 text);
INSERT INTO "tëst" VALUES ('ß; ẞ', '名; 前'), ('𝒳', E'\u00e9\U0001F600');
