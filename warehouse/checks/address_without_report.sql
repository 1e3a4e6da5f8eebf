-- severity: error
-- title: addresses of documents that are not there
SELECT a.document_id, a.url FROM core_addresses a ANTI JOIN core_reports r ON r.document_id = a.document_id;
