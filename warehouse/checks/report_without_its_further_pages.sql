-- severity: warn
-- title: reports over several pages of which not all were read: their text is not whole
SELECT r.document_id, r.url, f.evidence
FROM core_reports r
JOIN core_flags f ON f.document_id = r.document_id AND f."version" = r."version" AND f.flag = 'pages_missing'
WHERE r.state = 'accepted';
