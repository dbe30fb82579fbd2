ALTER TABLE orders ADD done boolean NOT NULL DEFAULT false;
