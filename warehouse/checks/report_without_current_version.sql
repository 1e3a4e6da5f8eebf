-- severity: error
-- title: reports whose current version is not there
SELECT r.document_id, r."version" FROM core_reports r
ANTI JOIN core_version_facts v ON v.document_id = r.document_id AND v."version" = r."version";
