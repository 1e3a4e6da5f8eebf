-- severity: warn
-- title: trusted reports of one publisher, type and year with the same text, held as two documents
WITH twice AS (
    SELECT text_digest FROM core_reports WHERE state = 'accepted' AND text_length > 0
    GROUP BY text_digest HAVING count(*) > 1
)
SELECT publisher, report_type, report_year, text_digest, list(document_id ORDER BY document_id) AS documents,
    list(url ORDER BY document_id) AS addresses
FROM core_reports SEMI JOIN twice USING (text_digest)
WHERE state = 'accepted' AND publisher IS NOT NULL
GROUP BY ALL HAVING count(*) > 1;
