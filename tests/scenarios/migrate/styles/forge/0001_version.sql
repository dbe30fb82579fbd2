-- Copyright. All rights reserved; see LICENSE.
/* multi
   line; header /* nested; */ */
CREATE TABLE "user" ("id" BIGSERIAL PRIMARY KEY, "lower_name" VARCHAR(255) NOT NULL, "name" VARCHAR(255) NOT NULL, "is_admin" BOOL);
CREATE UNIQUE INDEX "UQE_user_name" ON "user" ("name");
CREATE UNIQUE INDEX "UQE_user_lower_name" ON "user" ("lower_name");
