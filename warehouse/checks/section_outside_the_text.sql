-- severity: warn
-- title: sections that begin or end outside the blocks of their text
-- scope: loaded
SELECT s.document_id, s."version", s.heading, s.first_block, s.last_block, len(v.blocks) AS blocks
FROM core_sections s SEMI JOIN documents_to_check d ON d.document_id = s.document_id
JOIN core_version_facts v ON v.document_id = s.document_id AND v."version" = s."version"
WHERE s.first_block < 1 OR s.last_block > len(v.blocks) OR s.first_block > s.last_block;
