CREATE MATERIALIZED VIEW channel_stats AS SELECT channelid, count(*) AS n, max(createat) AS last FROM posts GROUP BY 1 WITH NO DATA;
CREATE UNIQUE INDEX channel_stats_id ON channel_stats (channelid);
REFRESH MATERIALIZED VIEW channel_stats;
REFRESH MATERIALIZED VIEW CONCURRENTLY channel_stats;
