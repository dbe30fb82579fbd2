SELECT '1'::int, CAST('2' AS int), int '3', interval '1' day, date '2024-01-01', U&'\0041', N'n', B'1', X'1F';
