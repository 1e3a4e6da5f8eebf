-- severity: error
-- title: parts of versions that are not there
WITH parts AS (
    SELECT DISTINCT 'core_sections' AS part, document_id, "version" FROM core_sections
    UNION ALL SELECT DISTINCT 'core_tables', document_id, "version" FROM core_tables
    UNION ALL SELECT DISTINCT 'core_figures', document_id, "version" FROM core_figures
    UNION ALL SELECT DISTINCT 'core_attachments', document_id, "version" FROM core_attachments
    UNION ALL SELECT DISTINCT 'core_removals', document_id, "version" FROM core_removals
    UNION ALL SELECT DISTINCT 'core_flags', document_id, "version" FROM core_flags
    UNION ALL SELECT DISTINCT 'core_metadata', document_id, "version" FROM core_metadata
    UNION ALL SELECT DISTINCT 'core_words', document_id, "version" FROM core_words
    UNION ALL SELECT DISTINCT 'core_terms', document_id, "version" FROM core_terms
    UNION ALL SELECT DISTINCT 'core_signatures', document_id, "version" FROM core_signatures
)
SELECT p.part, p.document_id, p."version" FROM parts p
ANTI JOIN core_versions v ON v.document_id = p.document_id AND v."version" = p."version";
