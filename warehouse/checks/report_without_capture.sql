-- severity: warn
-- title: reports whose response is not in the archive's ledger
SELECT r.document_id, r.url, r.capture_id FROM core_reports r
ANTI JOIN raw_captures c ON c.capture_id = r.capture_id;
