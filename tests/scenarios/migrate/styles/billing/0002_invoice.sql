CREATE SEQUENCE invoice_number AS bigint START 1000 INCREMENT 5 CACHE 1;
CREATE TABLE invoice (
    number bigint PRIMARY KEY DEFAULT nextval('invoice_number'),
    customer_id bigint NOT NULL REFERENCES customer,
    total price,
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'sent', 'paid'))
);
ALTER SEQUENCE invoice_number OWNED BY invoice.number;
