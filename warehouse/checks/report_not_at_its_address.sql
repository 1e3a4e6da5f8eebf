-- severity: warn
-- title: reports whose own address is not among their addresses
SELECT r.document_id, r.url FROM core_reports r
ANTI JOIN core_addresses a ON a.document_id = r.document_id AND a.url = r.url;
