-- Documents as they were read, before anybody corrected or decided anything.
CREATE VIEW reports_as_read AS
SELECT r.* REPLACE (
    CASE WHEN a.document_id IS NULL THEN r.state ELSE a.state END AS state,
    CASE WHEN a.document_id IS NULL THEN r.reason ELSE a.reason END AS reason,
    CASE WHEN a.document_id IS NULL THEN r.title ELSE a.title END AS title,
    CASE WHEN a.document_id IS NULL THEN r.publisher ELSE a.publisher END AS publisher,
    CASE WHEN a.document_id IS NULL THEN r.division_code ELSE a.division_code END AS division_code,
    CASE WHEN a.document_id IS NULL THEN r.parent_division_code ELSE a.parent_division_code END AS parent_division_code,
    CASE WHEN a.document_id IS NULL THEN r."level" ELSE a."level" END AS "level",
    CASE WHEN a.document_id IS NULL THEN r.report_type ELSE a.report_type END AS report_type,
    CASE WHEN a.document_id IS NULL THEN r.report_year ELSE a.report_year END AS report_year,
    CASE WHEN a.document_id IS NULL THEN r.edition ELSE a.edition END AS edition,
    CASE WHEN a.document_id IS NULL THEN r.published ELSE a.published END AS published,
    CASE WHEN a.document_id IS NULL THEN r.doc_number ELSE a.doc_number END AS doc_number,
    CASE WHEN a.document_id IS NULL THEN r.index_number ELSE a.index_number END AS index_number)
FROM core_reports r LEFT JOIN core_as_read a ON a.document_id = r.document_id;

-- Every decision on a page of the quarantine, with what has become of it. A decision holds for the text it was made of, or
-- for the same response where a newer nianbao reads another text from it; of several on one page the last one counts.
CREATE VIEW decisions AS
WITH named AS (
    SELECT d.*, coalesce(r.document_id, o.document_id) AS held_as
    FROM core_decisions d
    LEFT JOIN core_reports r ON r.document_id = d.document_id
    -- a warehouse made anew may call the document otherwise
    LEFT JOIN (SELECT url, arg_max(document_id, last_read_at) AS document_id FROM core_reports
        WHERE url IN (SELECT url FROM core_decisions) GROUP BY url) o ON r.document_id IS NULL AND o.url = d.url
)
SELECT coalesce(d.held_as, d.document_id) AS document_id, d.url, r.title, d.verdict, d.reason, d.decided_by, d.decided_at,
    CASE
        WHEN d.held_as IS NULL THEN 'not_held'
        WHEN row_number() OVER (PARTITION BY coalesce(d.held_as, d.document_id) ORDER BY d.decided_at DESC) > 1
            THEN 'replaced'
        WHEN d.text_digest IS NOT DISTINCT FROM r.text_digest OR d.payload_digest = r.payload_digest THEN 'in_force'
        ELSE 'text_changed'
    END AS standing,
    d.text_digest, r.text_digest AS text_digest_now
FROM named d LEFT JOIN core_reports r ON r.document_id = d.held_as;

-- Every correction with the document it is for and what has become of it. Of several for one field of a document the one
-- with the lowest rank counts: the user's own file stands before the registry's.
CREATE VIEW corrections AS
WITH addresses AS (
    -- where the document stands now, else where it was seen last
    SELECT a.url, arg_max(a.document_id, (r.url = a.url, a.last_seen_at)) AS document_id
    FROM core_addresses a JOIN core_reports r ON r.document_id = a.document_id
    WHERE a.url IN (SELECT url FROM core_corrections)
    GROUP BY a.url
),
placed AS (
    SELECT c.* REPLACE (coalesce(a.document_id, c.document_id) AS document_id), r.url AS stands_at,
        r.document_id IS NOT NULL AS held,
        CASE c.field
            WHEN 'title' THEN r.title
            WHEN 'publisher' THEN r.publisher
            WHEN 'division_code' THEN r.division_code
            WHEN 'parent_division_code' THEN r.parent_division_code
            WHEN 'level' THEN r."level"
            WHEN 'report_type' THEN r.report_type
            WHEN 'report_year' THEN CAST(r.report_year AS VARCHAR)
            WHEN 'edition' THEN r.edition
            WHEN 'published' THEN CAST(r.published AS VARCHAR)
            WHEN 'doc_number' THEN r.doc_number
            WHEN 'index_number' THEN r.index_number
        END AS value_read,
        row_number() OVER (PARTITION BY coalesce(a.document_id, c.document_id, c.url), c.field ORDER BY c.rank, c.line) AS nth
    FROM core_corrections c
    LEFT JOIN addresses a ON a.url = c.url
    LEFT JOIN reports_as_read r ON r.document_id = coalesce(a.document_id, c.document_id)
)
SELECT document_id, field, value_read, "value", expect,
    CASE
        WHEN NOT held THEN 'not_held'
        WHEN nth > 1 THEN 'overruled'
        WHEN value_read IS NOT DISTINCT FROM expect THEN 'applied'
        WHEN value_read IS NOT DISTINCT FROM "value" THEN 'source_mended'
        ELSE 'source_changed'
    END AS standing,
    reason, reported, coalesce(stands_at, url) AS url, file, line
FROM placed;
