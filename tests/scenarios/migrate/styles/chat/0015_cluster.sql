CLUSTER channels USING idx_channels_name;
ANALYZE channels;
