-- severity: error
-- title: words and their index do not fit together, so that search misses reports
SELECT 'a report without a number' AS fault, document_id AS at_fault FROM core_reports WHERE report_number IS NULL
UNION ALL
SELECT 'two reports of one number', string_agg(document_id, ', ') FROM core_reports GROUP BY report_number HAVING count(*) > 1
UNION ALL
SELECT 'words of another report', w.document_id FROM core_words w JOIN core_reports r USING (document_id)
WHERE w.report_number IS DISTINCT FROM r.report_number
UNION ALL
SELECT 'a report with the words of another version', r.document_id
FROM core_reports r LEFT JOIN core_words w ON w.report_number = r.report_number AND w."version" = r."version"
WHERE (r.words_id, r.words_total) IS DISTINCT FROM (w.words_id, w.total)
UNION ALL
SELECT 'two texts of one number', string_agg(document_id, ', ') FROM core_words GROUP BY words_id HAVING count(*) > 1
UNION ALL
SELECT 'a word twice', token FROM core_vocabulary GROUP BY token HAVING count(*) > 1
UNION ALL
SELECT 'a run that is not as written down', coalesce(r.run, p.run)::VARCHAR
FROM core_posting_runs r FULL JOIN (SELECT run, sum(len(words_ids)) AS postings FROM core_postings GROUP BY run) p USING (run)
WHERE coalesce(p.postings, 0) IS DISTINCT FROM r.postings;
