-- Which document a staged report is. A worker knows its address alone; here stands what is known of addresses and texts:
--  1. an address under which a document of this source was read before is that document's, unless the site now answers there
--     with another text of another year, type or publisher: then the address has passed to another report, and the one that it
--     held stays as it is;
--  2. else the same text, of one type, year, publisher and state, from one source is one document at one more address: moved,
--     listed in two columns, or reached by a detour (a redirect that was there one day).
-- Texts under 200 characters (a title and a link to a file) are too alike to tell documents apart by.
CREATE TEMP TABLE identities AS
WITH own AS (
    SELECT s.arrival, s.document_id, s.url, s.source_id, s.state, s.report_type, s.report_year, s.publisher, s.text_digest,
        CASE WHEN length(s.draft."text") >= 200 THEN s.text_digest END AS digest,
        EXISTS (FROM core_reports e WHERE e.document_id = s.document_id) AS known,
        -- an old answer read anew may be understood otherwise; that makes no other report of it
        EXISTS (FROM fresh_captures c WHERE c.capture_id = s.capture_id) AS fresh
    FROM staged_reports s
),
by_address AS (
    SELECT o.arrival, arg_min(a.document_id, a.first_seen_at) AS document_id
    FROM own o
    JOIN core_addresses a ON a.url = o.url
    JOIN core_reports e ON e.document_id = a.document_id AND e.source_id IS NOT DISTINCT FROM o.source_id
    WHERE NOT o.known AND NOT (o.fresh AND e.text_digest IS DISTINCT FROM o.text_digest AND (
        coalesce(e.report_year <> o.report_year, false) OR coalesce(e.report_type <> o.report_type, false)
        OR coalesce(e.publisher <> o.publisher, false)))
    GROUP BY o.arrival
),
by_text AS (
    SELECT o.arrival, arg_min(e.document_id, e.first_seen_at) AS document_id
    FROM own o JOIN core_reports e ON e.text_digest = o.digest AND e.source_id IS NOT DISTINCT FROM o.source_id
        AND e.state = o.state
        AND e.report_type IS NOT DISTINCT FROM o.report_type AND e.report_year IS NOT DISTINCT FROM o.report_year
        AND e.publisher IS NOT DISTINCT FROM o.publisher
    WHERE NOT o.known GROUP BY o.arrival
),
settled AS (
    SELECT o.*, coalesce(CASE WHEN o.known THEN o.document_id END, a.document_id, t.document_id) AS held_as
    FROM own o LEFT JOIN by_address a USING (arrival) LEFT JOIN by_text t USING (arrival)
)
-- Several pages of one text may come in one load: the first of them, held before or not, names the document of the new ones.
SELECT arrival,
    coalesce(held_as, CASE WHEN digest IS NULL THEN document_id ELSE first_value(coalesce(held_as, document_id)) OVER (
        PARTITION BY source_id, state, report_type, report_year, publisher, digest ORDER BY arrival) END) AS document_id
FROM settled;

UPDATE staged_reports SET document_id = i.document_id
FROM identities i WHERE i.arrival = staged_reports.arrival AND i.document_id <> staged_reports.document_id;
