-- Publisher x report type x report year with one state, what is held now judged by the calendar of `day` (a date in China):
-- due, overdue, late. The registry says what is expected:
-- the years from the source's first_year (else the first year held, else the last year due) to last year.
CREATE MACRO coverage_on(day) AS TABLE
WITH listed AS (
    SELECT source_id, column_url, arg_max(outcome, listed_at) AS outcome, arg_max_null(detail, listed_at) AS detail,
        max(listed_at) AS listed_at,
        -- how far back the last one that gave rows reached: before that day nothing is known to be absent
        arg_max_null(listed_since, listed_at) FILTER (rows_listed > 0) AS listed_since
    FROM raw_listings GROUP BY source_id, column_url
),
typed_columns AS (
    SELECT c.source_id, unnest(c.report_types) AS report_type, l.outcome, l.detail, l.listed_at, l.listed_since
    FROM core_source_columns c LEFT JOIN listed l ON l.source_id = c.source_id AND l.column_url = c.url
),
expected_types AS (
    SELECT s.source_id, t.report_type, false AS column_unknown,
        -- a report may stand in any of the columns: that it stands in none is known when all of them were read
        bool_and(t.listed_at IS NOT NULL) AS all_listed,
        bool_and(coalesce(t.outcome = 'ok', false)) AS listed_ok,
        max(coalesce(t.listed_since, DATE '0001-01-01')) AS listed_since,
        max(t.listed_at) AS last_listed_at,
        arg_max(t.outcome, (t.outcome <> 'ok', t.listed_at)) FILTER (t.listed_at IS NOT NULL) AS last_outcome,
        arg_max_null(t.detail, (t.outcome <> 'ok', t.listed_at)) FILTER (t.listed_at IS NOT NULL) AS last_detail
    FROM core_sources s JOIN typed_columns t ON t.source_id = s.source_id
    GROUP BY s.source_id, t.report_type
    UNION ALL
    SELECT source_id, unnest(['rule_of_law', 'disclosure']), true, false, false, NULL, NULL, NULL, column_unknown
    FROM core_sources WHERE column_unknown IS NOT NULL
),
unread AS (
    -- Rows judged likely reports whose page nobody has answered for yet: a budget was spent, or other years were asked for.
    SELECT c.source_id, c.report_type, c.title FROM raw_candidates c
    WHERE c.state = 'wanted' AND NOT EXISTS (FROM core_pages p WHERE p.url = c.url AND p.fetches > 0)
),
documents AS (
    SELECT r.*, is_withdrawn(p.gone_checks) OR is_withdrawn(a.checks) AS withdrawn,
        list_contains(r.flags, 'attachment_only') OR (r.text_length = 0 AND r.attachments > 0) AS attachment_only,
        (SELECT string_agg(f.evidence, '; ' ORDER BY f.evidence) FROM core_flags f WHERE f.document_id = r.document_id
            AND f."version" = r."version" AND f.flag = 'attachment_only') AS file_trouble
    FROM core_reports r LEFT JOIN core_pages p ON p.url = r.url
    LEFT JOIN core_passed_addresses a ON a.document_id = r.document_id
    ANTI JOIN core_copies c ON c.document_id = r.document_id
    WHERE r.state IN ('accepted', 'quarantined') AND r.publisher IS NOT NULL
        AND r.report_type IS NOT NULL AND r.report_year IS NOT NULL
),
-- The duty is to publish: the report that goes to the People's Congress does not stand for the public one.
held AS (
    SELECT publisher, report_type, report_year,
        CASE min(CASE
                WHEN state = 'quarantined' THEN 4 WHEN withdrawn THEN 3 WHEN attachment_only THEN 2 ELSE 1 END)
                FILTER (public)
            WHEN 1 THEN 'held' WHEN 2 THEN 'attachment_only' WHEN 3 THEN 'withdrawn' WHEN 4 THEN 'quarantined' END AS state,
        -- of a report whose text is in a file: why it could not be had
        any_value(file_trouble ORDER BY document_id) FILTER (public AND attachment_only) AS file_trouble,
        count(*) FILTER (public AND state = 'accepted') AS reports,
        -- of several the last one published: it replaces the others
        arg_min(document_id, (state, withdrawn, attachment_only, -coalesce(epoch(published), 0), document_id))
            FILTER (public) AS document_id,
        min(published) FILTER (public AND state = 'accepted') AS published,
        list_sort(list(DISTINCT edition) FILTER (state = 'accepted' AND edition IS NOT NULL)) AS editions
    FROM (SELECT *, edition IS DISTINCT FROM 'peoples_congress' AS public FROM documents)
    GROUP BY publisher, report_type, report_year
),
years AS (
    SELECT e.*, s.publisher, s.level, s.division_code, s.parent_division_code,
        unnest(range(
            least(
                coalesce(s.first_year, (SELECT min(h.report_year) FROM held h
                    WHERE h.publisher = s.publisher AND h.report_type = e.report_type), year(as_day(day)) - 1),
                year(as_day(day)) - 1)::INTEGER,
            year(as_day(day))::INTEGER))::SMALLINT AS report_year
    FROM expected_types e JOIN core_sources s ON s.source_id = e.source_id
),
due AS (
    SELECT y.*, due_on(y.report_type, y.report_year, l."month", l."day") AS due
    FROM years y LEFT JOIN core_deadlines l ON l.report_type = y.report_type AND l.level = y.level
)
SELECT
    d.source_id, d.publisher, d.level, d.division_code, d.parent_division_code, d.report_type, d.report_year,
    CASE
        WHEN h.state IS NOT NULL THEN h.state
        WHEN d.column_unknown THEN 'column_unknown'
        WHEN as_day(day) <= d.due THEN 'not_yet_due'
        WHEN NOT d.all_listed OR (NOT d.listed_ok AND d.last_outcome = 'not_asked') THEN 'not_crawled'
        WHEN NOT d.listed_ok AND d.last_outcome IN ('challenge', 'blocked', 'robots_denied', 'js_only') THEN 'blocked'
        WHEN NOT d.listed_ok AND d.last_outcome IN ('tls', 'dns', 'connection', 'timeout', 'truncated', 'server_error',
            'redirect_loop', 'too_large') THEN 'unreachable'
        WHEN NOT d.listed_ok THEN 'column_broken'
        -- published from the December of its year on: a list known from later on does not tell
        WHEN d.listed_since > make_date(d.report_year, 12, 1) THEN 'not_crawled'
        WHEN EXISTS (FROM unread u WHERE u.source_id = d.source_id
            AND coalesce(u.report_type, d.report_type) = d.report_type
            AND (contains(u.title, d.report_year::VARCHAR) OR NOT regexp_matches(u.title, '(19|20)\d\d')))
            THEN 'not_crawled'
        WHEN as_day(day) < make_date(d.report_year + 2, 1, 1) THEN 'overdue'
        ELSE 'not_found'
    END AS state,
    d.due, h.published,
    CASE WHEN h.published IS NOT NULL AND d.due IS NOT NULL THEN greatest(date_diff('day', d.due, h.published), 0)
        WHEN h.state IS NULL AND as_day(day) > d.due THEN date_diff('day', d.due, as_day(day)) END AS days_late,
    coalesce(h.reports, 0) AS reports, h.document_id, d.last_listed_at, d.last_outcome,
    CASE WHEN h.state = 'attachment_only' THEN coalesce(h.file_trouble, 'the text is in a file that nobody looked at yet')
        ELSE d.last_detail END AS detail,
    h.editions
FROM due d
LEFT JOIN held h ON h.publisher = d.publisher AND h.report_type = d.report_type AND h.report_year = d.report_year;

CREATE VIEW coverage AS
SELECT * FROM coverage_on((now() AT TIME ZONE 'Asia/Shanghai')::DATE);

CREATE VIEW overdue AS
SELECT publisher, level, division_code, report_type, report_year, due, days_late, state, last_listed_at, detail, source_id
FROM coverage
WHERE days_late > 0 AND state NOT IN ('held', 'attachment_only', 'withdrawn', 'not_yet_due');
