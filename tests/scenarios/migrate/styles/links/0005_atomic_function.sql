CREATE FUNCTION comment_depth(path text) RETURNS int
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
        SELECT CASE WHEN path = '0' THEN 0 ELSE array_length(string_to_array(path, '.'), 1) END;
    END;
CREATE FUNCTION first_word(t text) RETURNS text LANGUAGE sql RETURN split_part(t, ' ', 1);
