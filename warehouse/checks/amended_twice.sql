-- severity: error
-- title: documents whose reading is kept more than once, or of which no report is there
SELECT a.document_id, count(*) AS times FROM core_as_read a GROUP BY a.document_id
HAVING count(*) > 1 OR NOT EXISTS (FROM core_reports r WHERE r.document_id = a.document_id);
