CREATE TABLE daily (site int, day date, n bigint, PRIMARY KEY (site, day));
INSERT INTO daily SELECT site, (at AT TIME ZONE 'UTC')::date, count(*) FROM events GROUP BY GROUPING SETS ((1, 2)) ;
