CREATE TABLE orders (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer bigint NOT NULL REFERENCES customer,
    product  integer NOT NULL REFERENCES product,
    pieces   integer NOT NULL DEFAULT 1,
    cents    integer
);

-- The price at the moment of the order. The semicolons in the body are the function's own.
CREATE FUNCTION orders_price() RETURNS trigger LANGUAGE plpgsql AS $price$
BEGIN
    SELECT p.cents * NEW.pieces INTO NEW.cents FROM product p WHERE p.id = NEW.product;
    RETURN NEW;
END;
$price$;

CREATE TRIGGER orders_price BEFORE INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_price();
