CREATE TABLE "Quoted Schema; yes"."Table ""x"" -- y" ("Col /* z */" int, "$1" text DEFAULT '$1', U&"d\0061t\+000061" text);
INSERT INTO "Quoted Schema; yes"."Table ""x"" -- y" VALUES (1, U&'\0441\043B\043E\043D', U&'d!0061t!+000061' UESCAPE '!');
