CREATE TABLE sidebar (userid varchar(26), categoryid varchar(128), sortorder bigint, collapsed boolean DEFAULT false NOT NULL, PRIMARY KEY (userid, categoryid));
CREATE INDEX ON sidebar (userid) INCLUDE (sortorder);
CREATE STATISTICS sidebar_stats ON userid, categoryid FROM sidebar;
