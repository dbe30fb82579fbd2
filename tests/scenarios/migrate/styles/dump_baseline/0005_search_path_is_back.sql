CREATE TABLE where_am_i AS SELECT current_schema() AS schema;
