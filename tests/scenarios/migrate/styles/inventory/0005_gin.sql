CREATE INDEX item_tags ON item USING gin (tags);
CREATE INDEX item_attrs ON item USING gin (attrs jsonb_path_ops);
CREATE INDEX item_volume ON item (volume(size)) WHERE volume(size) > 100;
