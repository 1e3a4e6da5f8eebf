-- What live checks of columns found, as copied from the check ledger in the data folder.

CREATE TABLE core_source_checks (
    source_id VARCHAR NOT NULL,
    column_url VARCHAR NOT NULL,
    checked_at TIMESTAMP NOT NULL,
    outcome VARCHAR NOT NULL,
    detail VARCHAR,
    "rows" BIGINT NOT NULL,
    total_stated BIGINT,
    pages INTEGER NOT NULL,
    newest_row DATE,
    report_title VARCHAR,
    report_url VARCHAR,
    report_date DATE,
    requests INTEGER NOT NULL,
    seconds DOUBLE NOT NULL,
    PRIMARY KEY (source_id, column_url, checked_at)
);
