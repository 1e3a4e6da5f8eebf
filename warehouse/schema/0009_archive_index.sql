-- The archive's index, made from the WARC files alone. No keys: a file's rows are replaced as a whole, and DuckDB refuses
-- to delete and insert the same key in one transaction.

CREATE TABLE raw_archive_files (
    warc_file VARCHAR NOT NULL,
    run_id VARCHAR,
    host_group VARCHAR,
    bytes BIGINT NOT NULL,
    records BIGINT NOT NULL,
    first_at TIMESTAMP,
    last_at TIMESTAMP,
    damage VARCHAR[] NOT NULL,
    indexed_at TIMESTAMP NOT NULL
);

CREATE TABLE raw_archive_records (
    record_id VARCHAR NOT NULL,
    warc_file VARCHAR NOT NULL,
    warc_offset BIGINT NOT NULL,
    length BIGINT NOT NULL,
    record_type VARCHAR NOT NULL,
    url VARCHAR,
    recorded_at TIMESTAMP,
    status SMALLINT,
    content_type VARCHAR,
    payload_digest VARCHAR,
    refers_to VARCHAR,
    concurrent_to VARCHAR
);
