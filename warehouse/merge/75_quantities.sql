-- Quantities of the versions that are written, in the order of their text. A batch of before there were any has none; such
-- texts are looked through at the end of a run.
DELETE FROM core_quantity_extractions p USING replaced_versions r
WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_quantities p USING replaced_versions r
WHERE p.document_id = r.document_id AND p."version" = r."version";

INSERT INTO core_quantity_extractions
SELECT w.document_id, w."version", s.quantities.extractor, len(s.quantities."found")
FROM written_versions w JOIN staged_reports s USING (arrival)
WHERE s.quantities IS NOT NULL;

-- Positions count from 1 here, as SQL does.
INSERT INTO core_quantities
SELECT document_id, "version", "position", part.number, part.unit, part.kind, part.printed, part.counted,
    part.approximate, part.clause, part."block" + 1, part."offset" + 1
FROM (
    SELECT w.document_id, w."version", generate_subscripts(s.quantities."found", 1) AS "position",
        unnest(s.quantities."found") AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));
