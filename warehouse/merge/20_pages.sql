-- What is known of each address after its fetches: what a conditional request needs, and since when it fails or is gone.
-- A failure says nothing about the page: what the last answer brought still holds, and a 304 keeps the validators.
INSERT INTO core_pages BY NAME
WITH news AS (
    SELECT c.*,
        c.outcome IN ('gone', 'soft_404') AS gone,
        max(c.fetched_at) FILTER (c.outcome IN ('ok', 'not_modified')) OVER (PARTITION BY c.url) AS answered_at,
        answered_at IS NULL OR c.fetched_at > answered_at AS unanswered
    FROM fresh_captures c
    LEFT JOIN core_pages p ON p.url = c.url
    -- not_asked: we kept away in the middle of a redirect, which is no look at the page
    WHERE c.outcome <> 'not_asked' AND (p.url IS NULL OR c.fetched_at > p.last_fetched_at)
)
SELECT
    url,
    arg_max(source_id, fetched_at) AS source_id,
    count(*)::INTEGER AS fetches,
    max(fetched_at) AS last_fetched_at,
    arg_max(outcome, fetched_at) AS last_outcome,
    arg_max_null(detail, fetched_at) AS last_detail,
    any_value(answered_at) AS ok_at,
    arg_max_null(etag, fetched_at) FILTER (outcome = 'ok') AS etag,
    arg_max_null(last_modified, fetched_at) FILTER (outcome = 'ok') AS last_modified,
    arg_max_null(digest, fetched_at) FILTER (outcome = 'ok') AS digest,
    min(fetched_at) FILTER (unanswered) AS failing_since,
    (count(*) FILTER (unanswered))::INTEGER AS failures,
    min(fetched_at) FILTER (unanswered AND gone) AS gone_since,
    (count(*) FILTER (unanswered AND gone))::INTEGER AS gone_checks
FROM news
GROUP BY url
ON CONFLICT (url) DO UPDATE SET
    source_id = excluded.source_id,
    fetches = core_pages.fetches + excluded.fetches,
    last_fetched_at = excluded.last_fetched_at,
    last_outcome = excluded.last_outcome,
    last_detail = excluded.last_detail,
    etag = CASE WHEN excluded.digest IS NULL THEN core_pages.etag ELSE excluded.etag END,
    last_modified = CASE WHEN excluded.digest IS NULL THEN core_pages.last_modified ELSE excluded.last_modified END,
    digest = coalesce(excluded.digest, core_pages.digest),
    failing_since = CASE
        WHEN excluded.ok_at IS NULL THEN coalesce(core_pages.failing_since, excluded.failing_since)
        ELSE excluded.failing_since END,
    failures = excluded.failures + CASE WHEN excluded.ok_at IS NULL THEN core_pages.failures ELSE 0 END,
    gone_since = CASE
        WHEN excluded.ok_at IS NULL THEN coalesce(core_pages.gone_since, excluded.gone_since)
        ELSE excluded.gone_since END,
    gone_checks = excluded.gone_checks + CASE WHEN excluded.ok_at IS NULL THEN core_pages.gone_checks ELSE 0 END,
    ok_at = coalesce(excluded.ok_at, core_pages.ok_at);
