-- severity: error
-- title: versions whose text is not there, or there twice
SELECT f.document_id, f."version", count(t.report_number) AS texts
FROM core_version_facts f
LEFT JOIN core_texts t ON t.report_number = f.report_number AND t."version" = f."version" AND t.place = 1
GROUP BY ALL HAVING count(t.report_number) <> 1;
