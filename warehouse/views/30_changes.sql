-- What a publisher changed in a text that was held already: sentences cut, sentences that came in. Texts that we only read
-- differently (`reread`) are no changes of theirs, nor is a line that stands in the one version and was cut by us in the other.
CREATE MACRO sentences(said) AS list_filter(list_transform(
    regexp_extract_all(said, '[^。！？；\n]+[。！？；]?'), lambda s: trim(s)), lambda s: s <> '');

CREATE VIEW changes AS
WITH removals AS (
    SELECT document_id, "version", sentences(string_agg(removed, chr(10) ORDER BY "position")) AS removed
    FROM core_removals GROUP BY document_id, "version"
),
versions AS (
    SELECT v.document_id, v."version", v.cause, v.payload_digest, v.captured_at, v.text_length,
        sentences(v."text") AS said, coalesce(x.removed, []) AS removed
    FROM core_versions v
    SEMI JOIN (SELECT document_id FROM core_version_facts WHERE "version" > 1) more ON more.document_id = v.document_id
    LEFT JOIN removals x ON x.document_id = v.document_id AND x."version" = v."version"
),
pairs AS (
    SELECT *,
        lag(said) OVER earlier AS said_before,
        lag(removed) OVER earlier AS removed_before,
        lag("version") OVER earlier AS version_before,
        lag(payload_digest) OVER earlier AS payload_before,
        lag(text_length) OVER earlier AS length_before
    FROM versions
    WINDOW earlier AS (PARTITION BY document_id ORDER BY captured_at, "version")
)
SELECT p.document_id, r.publisher, r.report_type, r.report_year, r.title, p.captured_at AS changed_at,
    p.version_before, p."version", p.length_before, p.text_length,
    list_filter(p.said_before, lambda s: NOT list_contains(p.said, s) AND NOT list_contains(p.removed, s)) AS cut,
    list_filter(p.said, lambda s: NOT list_contains(p.said_before, s) AND NOT list_contains(p.removed_before, s)) AS came_in,
    r.state, r.url
FROM pairs p JOIN core_reports r ON r.document_id = p.document_id
WHERE p.version_before IS NOT NULL AND p.cause <> 'reread' AND p.payload_digest IS DISTINCT FROM p.payload_before
    AND (len(cut) > 0 OR len(came_in) > 0 OR p.removed = p.removed_before);
