INSERT INTO item SELECT 'ABC-' || lpad(n::text, 4, '0'), ROW(n, n + 1, n + 2)::dimensions, ARRAY['t' || n % 3, 'a;b'], jsonb_build_object('n', n, 'nested', ARRAY[1, 2]) FROM generate_series(1, 50) n;
