-- Which document a staged report is. A worker knows its address alone; here stands what is known of addresses and texts:
--  1. the document that held this address when the page was fetched, unless the site now answers there with another text of
--     another year, type or publisher: then the address has passed to another report, and the one that it held stays as it
--     is. A near copy of about the same day is the same report, with its year or publisher put right;
--  2. of an address that has passed, the document of that year, type and publisher that held it once: it is back;
--  3. else the same text, of one type, year, publisher and state, from one source is one document at one more address: moved,
--     listed in two columns, or reached by a detour (a redirect that was there one day);
--  4. else a document of its own. Its identity is the address's, or, where an earlier document has that one, made from it and
--     what the report is.
-- Documents are compared as they were read, not as they were corrected or decided on.
-- Texts under 200 characters (a title and a link to a file) are too alike to tell documents apart by.
CREATE TEMP TABLE identities AS
WITH own AS (
    SELECT s.arrival, s.document_id, s.url, s.source_id, s.state, s.report_type, s.report_year, s.publisher, s.text_digest,
        s.published_date, s.signature, coalesce(c.fetched_at, s.loaded_at) AS read_at,
        CASE WHEN s.text_length >= 200 THEN s.text_digest END AS digest,
        EXISTS (FROM core_reports e WHERE e.document_id = s.document_id) AS known,
        -- an old answer read anew may be understood otherwise; that makes no other report of it
        EXISTS (FROM fresh_captures f WHERE f.capture_id = s.capture_id) AS fresh
    FROM staged_reports s LEFT JOIN raw_captures c ON c.capture_id = s.capture_id
),
at_address AS (
    SELECT o.arrival, e.document_id, a.first_seen_at,
        e.report_year IS NOT DISTINCT FROM o.report_year AND e.report_type IS NOT DISTINCT FROM o.report_type
            AND e.publisher IS NOT DISTINCT FROM o.publisher AS same_report,
        o.fresh AND e.text_digest IS DISTINCT FROM o.text_digest AND (
            coalesce(e.report_year <> o.report_year, false) OR coalesce(e.report_type <> o.report_type, false)
            OR coalesce(e.publisher <> o.publisher, false)) AS differs,
        o.signature, o.published_date, e.published, e."version",
        row_number() OVER (PARTITION BY o.arrival ORDER BY
            o.read_at BETWEEN a.first_seen_at AND a.last_seen_at DESC,
            CASE WHEN o.read_at BETWEEN a.first_seen_at AND a.last_seen_at THEN a.last_seen_at - a.first_seen_at END,
            a.first_seen_at <= o.read_at DESC, a.last_seen_at DESC, a.first_seen_at, e.document_id) AS nth
    FROM own o
    JOIN core_addresses a ON a.url = o.url
    JOIN reports_as_read e ON e.document_id = a.document_id AND e.source_id IS NOT DISTINCT FROM o.source_id
),
holders AS (
    SELECT h.arrival, h.document_id,
        h.differs AND NOT (
            coalesce(h.signature.algorithm = s.algorithm
                AND is_near_copy(signature_similarity(h.signature.minima, s.minima)), false)
            AND coalesce(abs(date_diff('day', h.published, h.published_date)) <= 180, true)) AS passed
    FROM at_address h
    LEFT JOIN core_signatures s ON s.document_id = h.document_id AND s."version" = h."version"
    WHERE h.nth = 1
),
returned AS (
    SELECT arrival, arg_max(document_id, first_seen_at) AS document_id FROM at_address WHERE same_report GROUP BY arrival
),
by_text AS (
    SELECT o.arrival, arg_min(e.document_id, e.first_seen_at) AS document_id
    FROM own o JOIN reports_as_read e ON e.text_digest = o.digest AND e.source_id IS NOT DISTINCT FROM o.source_id
        AND e.state = o.state
        AND e.report_type IS NOT DISTINCT FROM o.report_type AND e.report_year IS NOT DISTINCT FROM o.report_year
        AND e.publisher IS NOT DISTINCT FROM o.publisher
    GROUP BY o.arrival
),
settled AS (
    SELECT o.*,
        CASE
            WHEN NOT h.passed THEN h.document_id
            WHEN h.passed THEN coalesce(b.document_id, t.document_id)
            WHEN o.known THEN o.document_id
            ELSE t.document_id
        END AS held_as,
        CASE WHEN h.passed AND o.known
            THEN left(sha256(concat_ws(chr(10), o.document_id, o.report_type, o.report_year, o.publisher)), 16)
            ELSE o.document_id END AS own_id
    FROM own o LEFT JOIN holders h USING (arrival) LEFT JOIN returned b USING (arrival) LEFT JOIN by_text t USING (arrival)
)
-- Several pages of one text may come in one load: the first of them, held before or not, names the document of the new ones.
SELECT arrival,
    coalesce(held_as, CASE WHEN digest IS NULL THEN own_id ELSE first_value(coalesce(held_as, own_id)) OVER (
        PARTITION BY source_id, state, report_type, report_year, publisher, digest ORDER BY arrival) END) AS document_id
FROM settled;

UPDATE staged_reports SET document_id = i.document_id
FROM identities i WHERE i.arrival = staged_reports.arrival AND i.document_id <> staged_reports.document_id;
