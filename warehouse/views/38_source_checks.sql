-- The latest live check of each column that the registry names, beside the last one before it that found nothing missing.
CREATE VIEW source_checks AS
WITH numbered AS (
    SELECT *,
        last_value(CASE WHEN outcome = 'ok' THEN "rows" END IGNORE NULLS) OVER before AS rows_before,
        last_value(CASE WHEN outcome = 'ok' THEN checked_at END IGNORE NULLS) OVER before AS checked_before_at,
        count(*) OVER (PARTITION BY source_id, column_url) AS checks,
        max(CASE WHEN outcome = 'ok' THEN checked_at END) OVER (PARTITION BY source_id, column_url) AS last_ok_at,
        checked_at = max(checked_at) OVER (PARTITION BY source_id, column_url) AS is_last
    FROM core_source_checks
    WINDOW before AS (PARTITION BY source_id, column_url ORDER BY checked_at
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT k.source_id, s.publisher, k.column_url, c."name", k.checked_at, k.outcome, k.detail, k."rows", k.total_stated,
    k.rows_before, k.checked_before_at,
    CASE WHEN k.rows_before IS NOT NULL AND k.outcome = 'ok' THEN greatest(k.rows_before - k."rows", 0) END AS fewer_rows,
    k.newest_row, k.report_title, k.report_url, k.report_date, k.pages, k.requests, k.seconds, k.checks, k.last_ok_at,
    s.verified
FROM numbered k
JOIN core_source_columns c ON c.source_id = k.source_id AND c.url = k.column_url
JOIN core_sources s ON s.source_id = k.source_id
WHERE k.is_last;
