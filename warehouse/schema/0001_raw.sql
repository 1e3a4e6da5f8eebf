-- What came, as it came: runs, batches, candidates, listings, captures, and what could not be loaded.
-- Every instant is a TIMESTAMP in UTC. PRIMARY KEY stands in CREATE TABLE only: DuckDB 1.5 loses secondary indexes made by
-- CREATE INDEX after a crash (duckdb#23788).

CREATE TABLE raw_runs (
    run_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    parameters JSON,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    state VARCHAR NOT NULL CHECK (state IN ('running', 'completed', 'failed', 'cancelled')),
    summary JSON
);

CREATE TABLE raw_batches (
    batch VARCHAR PRIMARY KEY,
    run_id VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    sequence INTEGER NOT NULL,
    digest VARCHAR NOT NULL,
    candidates INTEGER NOT NULL,
    listings INTEGER NOT NULL,
    captures INTEGER NOT NULL,
    reports INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    loaded_at TIMESTAMP NOT NULL
);

CREATE TABLE raw_rejected_batches (
    batch VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    rejected_at TIMESTAMP NOT NULL
);

CREATE TABLE raw_rejects (
    batch VARCHAR NOT NULL,
    "row" INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    record JSON NOT NULL,
    rejected_at TIMESTAMP NOT NULL
);

CREATE TABLE raw_candidates (
    source_id VARCHAR NOT NULL,
    column_url VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    title VARCHAR,
    listed_date DATE,
    report_type VARCHAR CHECK (report_type IN ('rule_of_law', 'disclosure')),
    state VARCHAR NOT NULL CHECK (state IN ('wanted', 'rejected', 'off_host', 'failed', 'accepted', 'quarantined')),
    reason VARCHAR,
    pinned BOOLEAN NOT NULL,
    first_seen_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    times_seen INTEGER NOT NULL,
    batch VARCHAR NOT NULL,
    PRIMARY KEY (source_id, column_url, url)
);

CREATE TABLE raw_listings (
    batch VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    column_url VARCHAR NOT NULL,
    listed_at TIMESTAMP NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR,
    rows_listed INTEGER NOT NULL,
    pages_read INTEGER NOT NULL,
    pages_stated INTEGER,
    total_stated INTEGER,
    stopped_early BOOLEAN NOT NULL,
    unread_pages INTEGER[] NOT NULL
);

CREATE TABLE raw_captures (
    capture_id VARCHAR PRIMARY KEY,
    batch VARCHAR NOT NULL,
    source_id VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    final_url VARCHAR NOT NULL,
    fetched_at TIMESTAMP NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR,
    status SMALLINT,
    headers STRUCT("name" VARCHAR, "value" VARCHAR)[],
    content_type VARCHAR,
    etag VARCHAR,
    last_modified VARCHAR,
    digest VARCHAR,
    length BIGINT,
    warc_file VARCHAR,
    warc_offset BIGINT,
    attempts INTEGER NOT NULL,
    elapsed_ms INTEGER
);
