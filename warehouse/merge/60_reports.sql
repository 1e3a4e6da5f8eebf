-- The document itself, as read last; what changed of it is kept field by field.
CREATE TEMP TABLE newest_reports AS
SELECT s.document_id, s.url, source_id, column_url, state, reason, publisher, division_code, parent_division_code, level,
    report_type, report_type_reason, report_year::SMALLINT AS report_year, report_year_reason,
    edition, edition_reason, draft.title AS title, published_date AS published, draft.published AS published_shown, draft.source AS stated_source,
    draft.doc_number AS doc_number, draft.index_number AS index_number, listed_title, listed_date, dates,
    draft.kind AS page_kind,
    list_sort(list_distinct(list_concat(
        list_transform(flags, lambda f: f."name"), list_transform(draft.flags, lambda f: f."name")))) AS flags,
    p."version", s.text_digest, s.text_length, len(draft.tables)::INTEGER AS tables,
    len(list_filter(draft.attachments, lambda a: a.file.role IS DISTINCT FROM 'page'))::INTEGER AS attachments,
    list_distinct(list_transform(sections, lambda s: s.role)) AS section_roles,
    s.draft.text_origin AS text_origin,
    CASE WHEN s.draft.text_origin = 'recognised' THEN
        list_filter(s.draft.attachments, lambda a: a.file.role = 'report')[1].file.reading.confidence END AS confidence,
    s.capture_id, p.payload_digest, p.read_at AS first_seen_at, p.read_at AS last_read_at, s.batch
FROM (
    SELECT * FROM placed_reports WHERE NOT late
    QUALIFY row_number() OVER (PARTITION BY document_id ORDER BY read_at DESC, arrival DESC) = 1
) p JOIN staged_reports s USING (arrival);

-- Compared as read: what a person corrected or decided is no change of the site, and stands beside (core_as_read).
INSERT INTO core_report_changes
SELECT document_id, changed_at, change.field, change.old_value, change.new_value, reason, batch
FROM (
    SELECT n.document_id, n.last_read_at AS changed_at, n.reason, n.batch, unnest([
        {'field': 'state', 'old_value': e.state, 'new_value': n.state},
        {'field': 'url', 'old_value': e.url, 'new_value': n.url},
        {'field': 'title', 'old_value': e.title, 'new_value': n.title},
        {'field': 'publisher', 'old_value': e.publisher, 'new_value': n.publisher},
        {'field': 'division_code', 'old_value': e.division_code, 'new_value': n.division_code},
        {'field': 'level', 'old_value': e.level, 'new_value': n.level},
        {'field': 'report_type', 'old_value': e.report_type, 'new_value': n.report_type},
        {'field': 'report_year', 'old_value': e.report_year::VARCHAR, 'new_value': n.report_year::VARCHAR},
        {'field': 'edition', 'old_value': e.edition, 'new_value': n.edition},
        {'field': 'published', 'old_value': e.published::VARCHAR, 'new_value': n.published::VARCHAR},
        {'field': 'doc_number', 'old_value': e.doc_number, 'new_value': n.doc_number},
        {'field': 'index_number', 'old_value': e.index_number, 'new_value': n.index_number}
    ]) AS change
    FROM newest_reports n JOIN reports_as_read e ON e.document_id = n.document_id
)
WHERE change.old_value IS DISTINCT FROM change.new_value;

-- A page read again with the same result changes nothing but the day it was last read.
INSERT INTO core_reports BY NAME
SELECT * FROM newest_reports
ON CONFLICT (document_id) DO UPDATE SET
    url = excluded.url, source_id = excluded.source_id, column_url = excluded.column_url, state = excluded.state,
    reason = excluded.reason, publisher = excluded.publisher, division_code = excluded.division_code,
    parent_division_code = excluded.parent_division_code, level = excluded.level, report_type = excluded.report_type,
    report_type_reason = excluded.report_type_reason, report_year = excluded.report_year,
    report_year_reason = excluded.report_year_reason, edition = excluded.edition,
    edition_reason = excluded.edition_reason, title = excluded.title, published = excluded.published,
    published_shown = excluded.published_shown, stated_source = excluded.stated_source,
    doc_number = excluded.doc_number, index_number = excluded.index_number, listed_title = excluded.listed_title,
    listed_date = excluded.listed_date, dates = excluded.dates, page_kind = excluded.page_kind,
    flags = excluded.flags, "version" = excluded."version",
    text_digest = excluded.text_digest, text_length = excluded.text_length, tables = excluded.tables,
    attachments = excluded.attachments, text_origin = excluded.text_origin,
    confidence = excluded.confidence, section_roles = excluded.section_roles, capture_id = excluded.capture_id,
    payload_digest = excluded.payload_digest, last_read_at = excluded.last_read_at, batch = excluded.batch;

UPDATE core_reports SET first_seen_at = seen.first_read_at
FROM (SELECT document_id, min(read_at) AS first_read_at FROM placed_reports GROUP BY document_id) seen
WHERE seen.document_id = core_reports.document_id AND seen.first_read_at < core_reports.first_seen_at;

-- One document at several addresses is one row there and several here.
INSERT INTO core_addresses
SELECT document_id, url, min(read_at), max(read_at) FROM placed_reports GROUP BY document_id, url
ON CONFLICT (document_id, url) DO UPDATE SET
    first_seen_at = least(first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(last_seen_at, excluded.last_seen_at);

-- A report whose address has passed to another one stands where it was seen last besides, if anywhere.
CREATE TEMP TABLE displaced_reports AS
SELECT e.document_id, e.url, n.last_read_at, n.batch, arg_max(a.url, a.last_seen_at) AS stands_at
FROM newest_reports n
JOIN core_reports e ON e.url = n.url AND e.document_id <> n.document_id AND e.source_id IS NOT DISTINCT FROM n.source_id
    AND e.last_read_at < n.last_read_at
JOIN core_addresses a ON a.document_id = e.document_id AND a.url <> e.url
ANTI JOIN core_reports o ON o.url = a.url AND o.document_id <> a.document_id
GROUP BY ALL;

INSERT INTO core_report_changes
SELECT document_id, last_read_at, 'url', url, stands_at, 'the address has passed to another report', batch
FROM displaced_reports;

UPDATE core_reports SET url = d.stands_at FROM displaced_reports d WHERE d.document_id = core_reports.document_id;

-- One that stands nowhere else is gone as a page that answers 404 is: after as many looks, and until it is read again.
DELETE FROM core_passed_addresses a USING newest_reports n WHERE n.document_id = a.document_id;

UPDATE core_passed_addresses SET checks = checks + looked.times
FROM (SELECT url, count(*)::INTEGER AS times FROM fresh_captures WHERE outcome IN ('ok', 'not_modified') GROUP BY url) looked
WHERE looked.url = core_passed_addresses.url;

INSERT INTO core_passed_addresses
SELECT e.document_id, e.url, min(n.last_read_at), 1
FROM newest_reports n
JOIN core_reports e ON e.url = n.url AND e.document_id <> n.document_id AND e.source_id IS NOT DISTINCT FROM n.source_id
    AND e.last_read_at < n.last_read_at
ANTI JOIN core_passed_addresses a ON a.document_id = e.document_id
GROUP BY e.document_id, e.url;
