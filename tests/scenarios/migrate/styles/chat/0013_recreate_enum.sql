ALTER TYPE channel_type RENAME TO channel_type_old;
CREATE TYPE channel_type AS ENUM ('P', 'G', 'O', 'D', 'X', 'T');
ALTER TABLE channels ALTER COLUMN type TYPE channel_type USING type::text::channel_type;
DROP TYPE channel_type_old;
