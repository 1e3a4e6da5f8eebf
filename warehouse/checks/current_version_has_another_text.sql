-- severity: error
-- title: reports whose current version has another text than the report says
SELECT r.document_id, r."version", r.text_digest, v.text_digest AS digest_of_version, r.text_length
FROM core_reports r JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
WHERE r.text_digest IS DISTINCT FROM v.text_digest OR r.text_length <> v.text_length;
