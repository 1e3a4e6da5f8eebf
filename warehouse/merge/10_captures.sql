-- Every fetch is a row. One that is there already (the archive read again) stays as it is and is no news of its page.
CREATE TEMP TABLE fresh_captures AS
SELECT * FROM staged_captures ANTI JOIN raw_captures USING (capture_id);

INSERT INTO raw_captures
SELECT capture_id, batch, source_id, url, final_url, fetched_at, outcome, detail, status, headers, content_type, etag,
    last_modified, digest, length, warc_file, warc_offset, attempts, elapsed_ms, beginning
FROM fresh_captures;
