-- severity: error
-- title: parts of a version that are there twice
-- scope: loaded
WITH parts AS (
    SELECT 'core_sections' AS part, document_id, "version", "position" FROM core_sections
    UNION ALL SELECT 'core_tables', document_id, "version", "position" FROM core_tables
    UNION ALL SELECT 'core_figures', document_id, "version", "position" FROM core_figures
    UNION ALL SELECT 'core_attachments', document_id, "version", "position" FROM core_attachments
    UNION ALL SELECT 'core_removals', document_id, "version", "position" FROM core_removals
    UNION ALL SELECT 'core_metadata', document_id, "version", "position" FROM core_metadata
    UNION ALL SELECT 'core_quantities', document_id, "version", "position" FROM core_quantities
)
SELECT part, document_id, "version", "position", count(*) AS times
FROM parts SEMI JOIN documents_to_check USING (document_id)
GROUP BY ALL HAVING count(*) > 1;
