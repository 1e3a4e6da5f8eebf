-- A number for each document that is new: what integers are joined by where identities would be long.
UPDATE core_reports SET report_number = n.report_number
FROM (
    SELECT document_id,
        (SELECT coalesce(max(report_number), 0) FROM core_reports) + row_number() OVER (ORDER BY document_id) AS report_number
    FROM core_reports WHERE report_number IS NULL
) n
WHERE n.document_id = core_reports.document_id;
