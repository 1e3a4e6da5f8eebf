-- severity: error
-- title: versions whose text has another length than was loaded
-- scope: loaded
SELECT v.document_id, v."version", v.text_length, length(v."text") AS length_held
FROM core_versions v SEMI JOIN documents_to_check d ON d.document_id = v.document_id
WHERE length(v."text") <> v.text_length;
