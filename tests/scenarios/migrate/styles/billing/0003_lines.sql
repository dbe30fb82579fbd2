CREATE TABLE line (
    invoice bigint REFERENCES invoice (number) ON DELETE CASCADE,
    n smallint,
    description text,
    quantity numeric NOT NULL,
    unit numeric NOT NULL,
    total numeric GENERATED ALWAYS AS (round(quantity * unit, 2)) STORED,
    PRIMARY KEY (invoice, n)
);
