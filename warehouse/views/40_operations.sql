-- What is wrong now, each thing with where, since when, and what to do.
CREATE VIEW problems AS
WITH last_listings AS (
    SELECT source_id, column_url, arg_max(outcome, listed_at) AS outcome, arg_max_null(detail, listed_at) AS detail,
        max(listed_at) AS last_seen_at
    FROM raw_listings GROUP BY source_id, column_url
),
last_good AS (
    SELECT source_id, column_url, max(listed_at) AS listed_at FROM raw_listings WHERE outcome = 'ok'
    GROUP BY source_id, column_url
),
failing AS (
    SELECT l.source_id, l.column_url, min(l.listed_at) AS since, count(*) AS times
    FROM raw_listings l LEFT JOIN last_good g ON g.source_id = l.source_id AND g.column_url = l.column_url
    WHERE g.listed_at IS NULL OR l.listed_at > g.listed_at
    GROUP BY l.source_id, l.column_url
),
things AS (
    SELECT 'listing' AS kind, l.source_id, l.column_url AS url, l.outcome, l.detail, f.since, l.last_seen_at, f.times
    FROM last_listings l JOIN failing f ON f.source_id = l.source_id AND f.column_url = l.column_url
    WHERE l.outcome <> 'ok'
    UNION ALL
    -- Pages of a list are pages too, but their trouble is the listing's.
    SELECT 'page', p.source_id, p.url, p.last_outcome, p.last_detail, p.failing_since, p.last_fetched_at, p.failures
    FROM core_pages p SEMI JOIN raw_candidates c ON c.url = p.url
    WHERE p.last_outcome NOT IN ('ok', 'not_modified')
    UNION ALL
    SELECT 'reading', c.source_id, c.url, 'failed', any_value(c.reason), min(c.first_seen_at), max(c.last_seen_at), 1
    FROM raw_candidates c
    JOIN core_pages p ON p.url = c.url AND p.last_outcome IN ('ok', 'not_modified')
    ANTI JOIN core_addresses a ON a.url = c.url
    WHERE c.state = 'failed'
    GROUP BY c.source_id, c.url
    UNION ALL
    -- A report whose text is in a file, or goes on on a page, that could not be had or read.
    SELECT 'attachment', r.source_id, a.url, a.outcome, a.detail || ' (on ' || r.url || ')', r.first_seen_at, r.last_read_at, 1
    FROM core_reports r JOIN core_attachments a ON a.document_id = r.document_id AND a."version" = r."version"
    WHERE r.state = 'accepted' AND a.outcome NOT IN ('read', 'not_wanted')
        AND list_contains(r.flags, CASE WHEN a.role = 'page' THEN 'pages_missing' ELSE 'attachment_only' END)
    UNION ALL
    SELECT 'rejected row', b.source_id, r.record ->> 'url', 'rejected', r.reason, min(r.rejected_at), max(r.rejected_at),
        count(*)
    FROM raw_rejects r JOIN raw_batches b ON b.batch = r.batch GROUP BY ALL
    UNION ALL
    SELECT 'rejected batch', NULL, file, 'rejected', reason, rejected_at, rejected_at, 1 FROM raw_rejected_batches
    UNION ALL
    -- A run that was killed matters until a later one has come to its end.
    SELECT 'run', NULL, NULL, 'killed', 'run ' || run_id || ' started and never said how it ended', started_at,
        coalesce(finished_at, started_at), 1
    FROM raw_runs r
    WHERE state = 'failed' AND (summary ->> 'killed') = 'true' AND NOT EXISTS (
        FROM raw_runs later WHERE later.state = 'completed' AND later.started_at > r.started_at)
    UNION ALL
    SELECT 'check', source_id, column_url, 'shrunken',
        "rows" || ' rows where the check of ' || CAST(checked_before_at AS DATE) || ' listed ' || rows_before,
        checked_at, checked_at, 1
    FROM source_checks WHERE fewer_rows > 0
    UNION ALL
    SELECT 'archive', NULL, warc_file, 'damaged', array_to_string(damage, '; '), indexed_at, indexed_at, 1
    FROM raw_archive_files WHERE len(damage) > 0
    UNION ALL
    SELECT 'decision', r.source_id, d.url, d.standing,
        d.verdict || ' by ' || d.decided_by || ' on ' || d.decided_at::DATE || ': ' || d.reason || ' (' || d.document_id || ')',
        v.captured_at, r.last_read_at, 1
    FROM decisions d
    JOIN core_reports r ON r.document_id = d.document_id
    LEFT JOIN core_version_facts v ON v.document_id = r.document_id AND v."version" = r."version"
    WHERE d.standing = 'text_changed' AND d.verdict <> 'reopened'
    UNION ALL
    SELECT 'correction', r.source_id, c.url, c.standing,
        c.file || ':' || c.line || ': ' || c.field || ' is read as ' || coalesce(c.value_read, 'unknown')
            || ', expected was ' || coalesce(c.expect, 'unknown'),
        NULL, r.last_read_at, 1
    FROM corrections c JOIN core_reports r ON r.document_id = c.document_id
    WHERE c.standing IN ('source_mended', 'source_changed')
    UNION ALL
    SELECT 'column unknown', source_id, NULL, 'column_unknown', column_unknown, NULL, NULL, 0
    FROM core_sources WHERE column_unknown IS NOT NULL
)
SELECT t.*, o.advice FROM things t LEFT JOIN outcomes o ON o.outcome = t.outcome;

-- The same by source and way of failing: a host that refuses a thousand pages is one row.
CREATE VIEW problem_groups AS
SELECT kind, source_id, outcome, count(*) AS things, min(since) AS since, max(last_seen_at) AS last_seen_at,
    max(times) AS times,
    -- of one and the same thing
    struct_extract(any_value({'url': url, 'detail': detail} ORDER BY last_seen_at DESC, url), 'url') AS example,
    struct_extract(any_value({'url': url, 'detail': detail} ORDER BY last_seen_at DESC, url), 'detail') AS detail,
    any_value(advice) AS advice
FROM problems GROUP BY kind, source_id, outcome;

CREATE VIEW sources AS
SELECT s.source_id, s.publisher, s.level, s.division_code, s.parent_division_code, s.hosts, s.first_year, s.verified,
    s.column_unknown,
    (SELECT count(*) FROM core_source_columns c WHERE c.source_id = s.source_id) AS columns,
    (SELECT max(listed_at) FROM raw_listings l WHERE l.source_id = s.source_id) AS last_listed_at,
    (SELECT arg_max(outcome, listed_at) FROM raw_listings l WHERE l.source_id = s.source_id) AS last_outcome,
    (SELECT count(*) FROM raw_candidates c WHERE c.source_id = s.source_id) AS candidates,
    (SELECT count(*) FROM core_reports r WHERE r.source_id = s.source_id AND r.state = 'accepted') AS reports,
    (SELECT count(*) FROM core_reports r WHERE r.source_id = s.source_id AND r.state = 'quarantined') AS quarantined,
    s.file
FROM core_sources s;

CREATE VIEW runs AS
SELECT run_id, kind, state, started_at, finished_at, finished_at - started_at AS took,
    (SELECT count(*) FROM raw_batches b WHERE b.run_id = r.run_id) AS batches,
    (SELECT coalesce(sum(captures), 0)::BIGINT FROM raw_batches b WHERE b.run_id = r.run_id) AS captures,
    (SELECT coalesce(sum(reports), 0)::BIGINT FROM raw_batches b WHERE b.run_id = r.run_id) AS reports,
    parameters, summary
FROM raw_runs r;
