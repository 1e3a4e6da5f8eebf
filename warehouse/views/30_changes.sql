-- What a publisher changed in a text that was held already: sentences cut, sentences that came in. Texts that we only read
-- differently (`reread`) are no changes of theirs, nor is a line that stands in the one version and was cut by us in the other.
CREATE MACRO sentences(said) AS list_filter(list_transform(
    regexp_extract_all(said, '[^。！？；\n]+[。！？；]?'), lambda s: trim(s)), lambda s: s <> '');

-- What a sentence is compared by: white space is no change of what it says, but that between the cells of a row is, since
-- figures that go to another column are another row.
CREATE MACRO as_compared(sentence) AS regexp_replace(sentence, '[\n\r\f\v\p{Z}\x{85}\x{1C}-\x{1F}]+', '', 'g');

CREATE VIEW changes AS
WITH removals AS (
    SELECT document_id, "version",
        list_transform(sentences(string_agg(removed, chr(10) ORDER BY "position")), lambda s: as_compared(s)) AS removed
    FROM core_removals GROUP BY document_id, "version"
),
texts AS (
    SELECT document_id, "version", said, list_transform(said, lambda s: as_compared(s)) AS compared
    FROM (
        SELECT v.document_id, v."version", list_filter(sentences(v."text"), lambda s: as_compared(s) <> '') AS said
        FROM core_versions v
        SEMI JOIN (SELECT document_id FROM core_version_facts WHERE "version" > 1) more ON more.document_id = v.document_id
    )
),
-- of a sentence said twice each time counts by itself
counted AS (
    SELECT document_id, "version", list(compared || chr(10) || nth ORDER BY place) AS numbered
    FROM (
        SELECT *, row_number() OVER (PARTITION BY document_id, "version", compared ORDER BY place) AS nth
        FROM (SELECT document_id, "version", unnest(compared) AS compared, generate_subscripts(compared, 1) AS place FROM texts)
    )
    GROUP BY document_id, "version"
),
versions AS (
    SELECT v.document_id, v."version", v.cause, v.payload_digest, v.captured_at, v.text_length,
        t.said, t.compared, coalesce(c.numbered, []) AS numbered,
        coalesce(x.removed, []) AS removed, f.document_id IS NOT NULL AS lacks_pages
    FROM core_version_facts v
    JOIN texts t ON t.document_id = v.document_id AND t."version" = v."version"
    LEFT JOIN counted c ON c.document_id = v.document_id AND c."version" = v."version"
    LEFT JOIN removals x ON x.document_id = v.document_id AND x."version" = v."version"
    -- of an article over several pages of which some could not be had
    LEFT JOIN (SELECT DISTINCT document_id, "version" FROM core_flags WHERE flag = 'pages_missing') f
        ON f.document_id = v.document_id AND f."version" = v."version"
),
pairs AS (
    SELECT *,
        lag(lacks_pages) OVER earlier AS lacked_pages,
        lag(said) OVER earlier AS said_before,
        lag(removed) OVER earlier AS removed_before,
        lag(compared) OVER earlier AS compared_before,
        lag(numbered) OVER earlier AS numbered_before,
        lag("version") OVER earlier AS version_before,
        lag(payload_digest) OVER earlier AS payload_before,
        lag(text_length) OVER earlier AS length_before
    FROM versions
    WINDOW earlier AS (PARTITION BY document_id ORDER BY captured_at, "version")
)
SELECT p.document_id, r.publisher, r.report_type, r.report_year, r.title, p.captured_at AS changed_at,
    p.version_before, p."version", p.length_before, p.text_length,
    -- Nobody knows what stood on a page that could not be had: what comes with it is not new, what goes with it not cut.
    list_filter(p.said_before, lambda s, i: (p.lacked_pages OR NOT p.lacks_pages)
        AND NOT list_contains(p.numbered, p.numbered_before[i]) AND NOT list_contains(p.removed, p.compared_before[i])) AS cut,
    list_filter(p.said, lambda s, i: (p.lacks_pages OR NOT p.lacked_pages)
        AND NOT list_contains(p.numbered_before, p.numbered[i]) AND NOT list_contains(p.removed_before, p.compared[i])) AS came_in,
    r.state, r.url
FROM pairs p JOIN core_reports r ON r.document_id = p.document_id
WHERE p.version_before IS NOT NULL AND p.cause <> 'reread' AND p.payload_digest IS DISTINCT FROM p.payload_before
    AND (len(cut) > 0 OR len(came_in) > 0 OR (p.removed = p.removed_before AND p.lacks_pages = p.lacked_pages));
