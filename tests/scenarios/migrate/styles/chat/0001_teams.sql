CREATE TABLE IF NOT EXISTS teams (
    id VARCHAR(26) PRIMARY KEY,
    createat bigint,
    displayname VARCHAR(64),
    name VARCHAR(64) UNIQUE,
    scheme jsonb DEFAULT '{"roles": ["member"], "x": ";"}'::jsonb
);
