-- Which version each staged report belongs to. A version is new where the text's digest (of the text without white space)
-- differs from the version before it; a report read from a capture older than what is held is `late`, and is a version
-- only where no version has its text.
CREATE TEMP TABLE placed_reports AS
WITH dated AS (
    SELECT s.arrival, s.document_id, s.url, s.text_digest, s.capture_id, s.batch, s.loaded_at,
        c.digest AS page_digest,
        -- of a text that is a file's, the file
        CASE WHEN s.draft.text_origin IN ('attachment', 'recognised') THEN coalesce(
            list_filter(s.draft.attachments, lambda a: a.file.role = 'report')[1].file.digest, c.digest)
            ELSE c.digest END AS payload_digest,
        coalesce(c.fetched_at, s.loaded_at) AS read_at
    FROM staged_reports s LEFT JOIN raw_captures c ON c.capture_id = s.capture_id
),
held AS (
    SELECT d.*,
        e.document_id IS NOT NULL AS known,
        known AND d.read_at < e.last_read_at AS late,
        e."version" AS held_version,
        e.text_digest AS held_digest,
        e.payload_digest AS held_payload,
        row_number() OVER (PARTITION BY d.document_id, known AND d.read_at < e.last_read_at ORDER BY d.read_at, d.arrival)
            AS turn
    FROM dated d LEFT JOIN core_reports e ON e.document_id = d.document_id
),
versions AS (
    SELECT v.document_id, v."version", v.text_digest, v.payload_digest
    FROM core_version_facts v SEMI JOIN staged_reports s ON s.document_id = v.document_id
),
compared AS (
    SELECT h.*,
        CASE WHEN turn = 1 THEN held_digest ELSE lag(text_digest) OVER runs END AS digest_before,
        CASE WHEN turn = 1 THEN held_payload ELSE lag(payload_digest) OVER runs END AS payload_before,
        (SELECT max(v."version") FROM versions v
            WHERE v.document_id = h.document_id AND v.text_digest IS NOT DISTINCT FROM h.text_digest) AS same_text_version,
        EXISTS (SELECT 1 FROM versions v
            WHERE v.document_id = h.document_id AND v.payload_digest = h.payload_digest) AS payload_seen,
        row_number() OVER (PARTITION BY document_id, late, text_digest ORDER BY read_at, arrival) AS turn_of_text,
        coalesce((SELECT max(v."version") FROM versions v WHERE v.document_id = h.document_id), 0) AS last_version
    FROM held h
    WINDOW runs AS (PARTITION BY document_id, late ORDER BY read_at, arrival)
),
judged AS (
    SELECT *,
        CASE
            WHEN late THEN same_text_version IS NULL AND turn_of_text = 1
            WHEN turn = 1 AND NOT known THEN true
            ELSE text_digest IS DISTINCT FROM digest_before
        END AS new_version
    FROM compared
),
counted AS (
    SELECT *,
        sum(new_version::INTEGER) OVER (PARTITION BY document_id ORDER BY late DESC, read_at, arrival)::INTEGER AS new_so_far,
        sum(new_version::INTEGER) OVER (PARTITION BY document_id, late ORDER BY read_at, arrival)::INTEGER AS new_in_run
    FROM judged
)
SELECT * EXCLUDE (held_digest, held_payload, digest_before, turn, turn_of_text, new_so_far, new_in_run,
        payload_before, page_digest, same_text_version, last_version),
    CASE
        WHEN late AND NOT new_version THEN same_text_version
        WHEN NOT late AND new_in_run = 0 THEN held_version
        ELSE last_version + new_so_far
    END AS "version",
    CASE
        WHEN NOT known AND new_version AND turn = 1 THEN 'first'
        WHEN late AND payload_seen THEN 'reread'
        -- the page as it was, of which only now a file is read: nothing new of the site
        WHEN NOT late AND (payload_digest = payload_before OR page_digest = payload_before) THEN 'reread'
        ELSE 'published'
    END AS cause
FROM counted;

-- The last reading of each version: what the version's row and parts are made from. An older capture of a page that was
-- held already tells nothing new of that version, unless it is the very response the version was read from.
CREATE TEMP TABLE winning_reports AS
WITH ordered AS (
    SELECT *, row_number() OVER (PARTITION BY document_id, "version" ORDER BY read_at, arrival) AS nth
    FROM placed_reports
    WHERE new_version OR NOT late OR payload_seen
)
SELECT arrival, document_id, "version", loaded_at, batch,
    arg_min_null(capture_id, nth) OVER whole AS capture_id,
    arg_min_null(payload_digest, nth) OVER whole AS payload_digest,
    min(read_at) OVER whole AS captured_at,
    arg_min(cause, nth) FILTER (new_version) OVER whole AS cause,
    bool_or(new_version) OVER whole AS is_new
FROM ordered
WINDOW whole AS (PARTITION BY document_id, "version")
QUALIFY row_number() OVER (PARTITION BY document_id, "version" ORDER BY nth DESC) = 1;
