WITH moved AS (DELETE FROM line WHERE n = 3 RETURNING *), kept AS (SELECT invoice, sum(total) AS t FROM moved GROUP BY 1)
UPDATE invoice SET total = ROW((total).amount - kept.t, (total).currency)::price FROM kept WHERE kept.invoice = number;
