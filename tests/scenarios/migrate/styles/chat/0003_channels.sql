CREATE TABLE IF NOT EXISTS channels (
    id VARCHAR(26) PRIMARY KEY,
    teamid VARCHAR(26) REFERENCES teams (id),
    type channel_type,
    name VARCHAR(64),
    totalmsgcount bigint DEFAULT 0,
    UNIQUE(name, teamid)
);
CREATE INDEX IF NOT EXISTS idx_channels_name ON channels(name);
CREATE INDEX IF NOT EXISTS idx_channels_name ON channels(name);
