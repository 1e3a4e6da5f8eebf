-- severity: error
-- title: versions of documents that are not there
SELECT v.document_id, v."version", v.captured_at FROM core_version_facts v
ANTI JOIN core_reports r ON r.document_id = v.document_id;
