UPDATE post_aggregates SET hot_rank = hot_rank(score, '2021-01-01');
ALTER TABLE post_aggregates ADD COLUMN controversy float GENERATED ALWAYS AS (r.controversy(score, 1)) STORED;
