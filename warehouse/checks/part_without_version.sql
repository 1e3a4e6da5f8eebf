-- severity: error
-- title: parts of versions that are not there
-- scope: loaded
WITH parts AS (
    SELECT 'core_sections' AS part, document_id, "version" FROM core_sections
    UNION ALL SELECT 'core_tables', document_id, "version" FROM core_tables
    UNION ALL SELECT 'core_figures', document_id, "version" FROM core_figures
    UNION ALL SELECT 'core_attachments', document_id, "version" FROM core_attachments
    UNION ALL SELECT 'core_removals', document_id, "version" FROM core_removals
    UNION ALL SELECT 'core_flags', document_id, "version" FROM core_flags
    UNION ALL SELECT 'core_metadata', document_id, "version" FROM core_metadata
    UNION ALL SELECT 'core_words', document_id, "version" FROM core_words
    UNION ALL SELECT 'core_quantities', document_id, "version" FROM core_quantities
    UNION ALL SELECT 'core_signatures', document_id, "version" FROM core_signatures
)
SELECT DISTINCT p.part, p.document_id, p."version" FROM parts p
ANTI JOIN core_version_facts v ON v.document_id = p.document_id AND v."version" = p."version";
