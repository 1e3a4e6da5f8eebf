-- severity: warn
-- title: figures whose number is not the one printed
-- scope: loaded
SELECT f.document_id, f."version", f.table_name, f.path, f.column_name, f.printed, f.number
FROM core_figures f SEMI JOIN documents_to_check d ON d.document_id = f.document_id
WHERE f.number IS DISTINCT FROM try_cast(regexp_replace(f.printed, '[,，\s]', '', 'g') AS DOUBLE)
    AND (f.number IS NOT NULL OR regexp_full_match(f.printed, '\s*-?\d+(\.\d+)?\s*'));
