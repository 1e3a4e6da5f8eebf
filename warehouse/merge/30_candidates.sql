-- One row a source, column and address, as the crawler judged it last. What came of a fetch stands in core_pages and
-- core_reports, so a later sighting in the list cannot undo it.
INSERT INTO raw_candidates BY NAME
SELECT
    source_id,
    column_url,
    url,
    arg_max_null(title, arrival) AS title,
    arg_max_null(listed_date, arrival) AS listed_date,
    arg_max_null(report_type, arrival) AS report_type,
    arg_max(state, arrival) AS state,
    arg_max_null(reason, arrival) AS reason,
    arg_max(pinned, arrival) AS pinned,
    min(seen_at) AS first_seen_at,
    max(seen_at) AS last_seen_at,
    count(DISTINCT seen_at)::INTEGER AS times_seen,
    arg_max(batch, arrival) AS batch
FROM staged_candidates
GROUP BY source_id, column_url, url
ON CONFLICT (source_id, column_url, url) DO UPDATE SET
    title = CASE WHEN excluded.last_seen_at >= last_seen_at THEN excluded.title ELSE title END,
    listed_date = CASE WHEN excluded.last_seen_at >= last_seen_at THEN excluded.listed_date ELSE listed_date END,
    report_type = CASE WHEN excluded.last_seen_at >= last_seen_at THEN excluded.report_type ELSE report_type END,
    state = CASE WHEN excluded.last_seen_at >= last_seen_at THEN excluded.state ELSE state END,
    reason = CASE WHEN excluded.last_seen_at >= last_seen_at THEN excluded.reason ELSE reason END,
    pinned = CASE WHEN excluded.last_seen_at >= last_seen_at THEN excluded.pinned ELSE pinned END,
    first_seen_at = least(first_seen_at, excluded.first_seen_at),
    last_seen_at = greatest(last_seen_at, excluded.last_seen_at),
    times_seen = times_seen + CASE WHEN excluded.last_seen_at > last_seen_at THEN excluded.times_seen ELSE 0 END,
    batch = excluded.batch;
