-- severity: warn
-- title: versions whose blocks, one a line, are not their text
SELECT document_id, "version", len(blocks) AS blocks FROM core_version_facts
WHERE (len(blocks) > 0 AND blocks[1].start IS NULL) OR (len(blocks) = 0 AND text_length > 0);
