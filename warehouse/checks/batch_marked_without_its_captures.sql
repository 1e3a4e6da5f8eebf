-- severity: error
-- title: batches with more captures in the warehouse than in their file
SELECT b.batch, b.captures, count(*) AS held
FROM raw_batches b JOIN raw_captures c ON c.batch = b.batch
GROUP BY b.batch, b.captures HAVING count(*) > b.captures;
