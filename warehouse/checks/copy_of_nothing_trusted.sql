-- severity: warn
-- title: links of copies that are not in quarantine, or whose original is not trusted
SELECT c.document_id, c.copy_of, r.state, o.state AS state_of_original
FROM core_copies c
LEFT JOIN core_reports r ON r.document_id = c.document_id
LEFT JOIN core_reports o ON o.document_id = c.copy_of
WHERE r.state IS DISTINCT FROM 'quarantined' OR o.state IS DISTINCT FROM 'accepted';
