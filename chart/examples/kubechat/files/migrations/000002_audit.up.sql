CREATE TABLE audit.command (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner text NOT NULL,
    command text NOT NULL,
    allowed boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
