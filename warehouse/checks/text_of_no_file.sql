-- severity: error
-- title: reports whose text is a file's, and no attached file is the report
SELECT r.document_id, r.url FROM core_reports r
WHERE r.text_origin IN ('attachment', 'recognised') AND r.text_length > 0 AND NOT EXISTS (
    FROM core_attachments a JOIN core_file_texts f ON f.digest = a.digest
    WHERE a.document_id = r.document_id AND a."version" = r."version" AND a.role = 'report' AND f.outcome = 'read');
