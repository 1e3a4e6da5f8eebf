-- The text and its parts. A version that was read before with the same result is left alone (`content_hash`); where only
-- our reading of the same text changed, its parts are replaced. Signature, words and quantities follow from the text
-- and from what made them, and are long.
CREATE TEMP TABLE written_versions AS
SELECT w.*, s.content_hash FROM winning_reports w JOIN staged_reports s USING (arrival);

DELETE FROM written_versions w USING core_version_facts v
WHERE v.document_id = w.document_id AND v."version" = w."version" AND v.content_hash = w.content_hash;

CREATE TEMP TABLE written_facts AS
SELECT w.arrival, w.document_id, w."version", r.report_number, s.text_length, s.draft.blocks AS blocks,
    s.draft.metadata AS metadata_table, s.draft.meta_tags AS meta_tags, s.draft.encoding AS encoding,
    s.draft.container AS container, s.draft.text_origin AS text_origin, s.draft.page_text AS page_text, w.content_hash,
    w.loaded_at, w.batch, w.is_new, w.cause, w.captured_at, w.capture_id, w.payload_digest, s.text_digest
FROM written_versions w JOIN staged_reports s USING (arrival) JOIN core_reports r ON r.document_id = w.document_id;

UPDATE core_version_facts SET
    text_length = w.text_length, blocks = w.blocks, metadata_table = w.metadata_table,
    meta_tags = w.meta_tags, encoding = w.encoding, container = w.container,
    text_origin = w.text_origin, page_text = w.page_text, content_hash = w.content_hash,
    loaded_at = w.loaded_at, batch = w.batch
FROM written_facts w
WHERE core_version_facts.document_id = w.document_id AND core_version_facts."version" = w."version" AND NOT w.is_new;

UPDATE core_texts SET "text" = t."text"
FROM written_facts w JOIN landed_texts t USING (arrival)
WHERE core_texts.report_number = w.report_number AND core_texts."version" = w."version" AND place = 1 AND NOT w.is_new;

INSERT INTO core_version_facts BY NAME SELECT * EXCLUDE (arrival, is_new) FROM written_facts WHERE is_new;

-- Each text with the rows that keep it apart from others: see schema/0019_texts.sql. From the files and not from what is
-- staged: those are many pieces, which all cores compress.
INSERT INTO core_texts
SELECT report_number, "version", place, CASE WHEN place = 1 THEN "text" END
FROM (
    SELECT w.report_number, w."version", t."text", unnest(range(1, 25)) AS place
    FROM landed_texts t JOIN written_facts w USING (arrival) WHERE w.is_new
);

CREATE TEMP TABLE replaced_versions AS SELECT document_id, "version" FROM written_versions WHERE NOT is_new;
DELETE FROM core_sections p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_tables p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_figures p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_attachments p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_removals p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_flags p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_metadata p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";
DELETE FROM core_signatures p USING replaced_versions r WHERE p.document_id = r.document_id AND p."version" = r."version";

INSERT INTO core_sections
SELECT document_id, "version", "position", part.role, part.heading, part.start + 1, part."end"
FROM (SELECT w.document_id, w."version", generate_subscripts(sections, 1) AS "position", unnest(sections) AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));

INSERT INTO core_tables
SELECT document_id, "version", "position", part.caption, len(part.rows), coalesce(len(part.rows[1]), 0), part.rows
FROM (SELECT w.document_id, w."version", generate_subscripts(draft.tables, 1) AS "position", unnest(draft.tables) AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));

-- A printed figure is a number where it is digits, perhaps with separators or decimals; `—` or `无` is none.
INSERT INTO core_figures
SELECT document_id, "version", "position", part."table", part.path, part."column", part."value",
    CASE WHEN regexp_full_match(part."value", '\s*-?\d{1,3}([,，]\d{3})*(\.\d+)?\s*|\s*-?\d+(\.\d+)?\s*')
        THEN TRY_CAST(regexp_replace(part."value", '[,，\s]', '', 'g') AS DOUBLE) END
FROM (SELECT w.document_id, w."version", generate_subscripts(figures, 1) AS "position", unnest(figures) AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));

INSERT INTO core_attachments
SELECT document_id, "version", "position", part.label, part.href, part.url, part.file.role, part.file.role_reason,
    part.file.reading.outcome, part.file.reading.detail, part.file.digest, part.file.capture_id, part.file."length"
FROM (SELECT w.document_id, w."version", generate_subscripts(draft.attachments, 1) AS "position",
        unnest(draft.attachments) AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));

-- A file's text is kept once, however many pages it hangs on; read again, the last reading holds.
INSERT INTO core_file_texts
WITH files AS (
    SELECT arrival, loaded_at, batch, part.file AS file
    FROM (SELECT s.arrival, s.loaded_at, s.batch, unnest(draft.attachments) AS part
        FROM written_versions w JOIN staged_reports s USING (arrival))
    WHERE part.file.digest IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY part.file.digest ORDER BY arrival DESC) = 1
)
SELECT file.digest, file.reading.file_type, file.reading.outcome, file.reading.detail, file.reading.pages::INTEGER,
    file.reading.member, file.reading.confidence, file.reading."text", length(file.reading."text")::INTEGER,
    list_transform(file.page_starts, lambda begins: (begins + 1)::INTEGER), loaded_at, batch
FROM files
ON CONFLICT (digest) DO UPDATE SET
    file_type = excluded.file_type, outcome = excluded.outcome, detail = excluded.detail, pages = excluded.pages,
    member = excluded.member, confidence = excluded.confidence, "text" = excluded."text",
    text_length = excluded.text_length, page_starts = excluded.page_starts, read_at = excluded.read_at,
    batch = excluded.batch;

INSERT INTO core_removals
SELECT document_id, "version", "position", part.rule, part."text", part."at"
FROM (SELECT w.document_id, w."version", generate_subscripts(draft.removed, 1) AS "position", unnest(draft.removed) AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));

INSERT INTO core_flags
SELECT DISTINCT document_id, "version", part."name", part.evidence
FROM (SELECT w.document_id, w."version", unnest(list_concat(draft.flags, flags)) AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));

INSERT INTO core_metadata
SELECT document_id, "version", "position", part.field, part."value", part.origin, part.chosen, part.note
FROM (SELECT w.document_id, w."version", generate_subscripts(draft."values", 1) AS "position", unnest(draft."values") AS part
    FROM written_versions w JOIN staged_reports s USING (arrival));

INSERT INTO core_signatures
SELECT w.document_id, w."version", s.signature.algorithm, s.signature.minima, s.signature.bands
FROM written_versions w JOIN staged_reports s USING (arrival)
WHERE s.signature IS NOT NULL;

-- Words that a version no longer has; those it has are put into the index by the next script.
CREATE OR REPLACE TEMP VIEW new_words AS
SELECT arrival, w.document_id, w."version", s.words."dictionary" AS dictionary
FROM written_versions w JOIN staged_reports s USING (arrival)
WHERE s.words.tokens > 0;

DELETE FROM core_words p USING (FROM replaced_versions ANTI JOIN new_words USING (document_id, "version")) r
WHERE p.document_id = r.document_id AND p."version" = r."version";
