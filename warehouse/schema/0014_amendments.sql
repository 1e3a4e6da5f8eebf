-- What people put beside what was read: decisions on quarantined pages and corrections of fields. Their record are files
-- (quarantine_decisions.jsonl and corrections.toml); here they stand so that a merge can apply them. core_reports holds
-- the values that count, core_as_read what was read of each document that was amended.

CREATE TABLE core_decisions (
    document_id VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    url VARCHAR NOT NULL,
    text_digest VARCHAR,
    payload_digest VARCHAR,
    verdict VARCHAR NOT NULL CHECK (verdict IN ('accepted', 'rejected', 'reopened')),
    reason VARCHAR NOT NULL,
    decided_by VARCHAR NOT NULL,
    PRIMARY KEY (document_id, decided_at)
);

CREATE TABLE core_corrections (
    file VARCHAR NOT NULL,
    line INTEGER NOT NULL,
    rank INTEGER NOT NULL,
    document_id VARCHAR,
    url VARCHAR,
    field VARCHAR NOT NULL,
    "value" VARCHAR,
    expect VARCHAR,
    reason VARCHAR NOT NULL,
    reported VARCHAR
);

CREATE TABLE core_as_read (
    document_id VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    reason VARCHAR,
    title VARCHAR,
    publisher VARCHAR,
    division_code VARCHAR,
    parent_division_code VARCHAR,
    level VARCHAR,
    report_type VARCHAR,
    report_year SMALLINT,
    edition VARCHAR,
    published DATE,
    doc_number VARCHAR,
    index_number VARCHAR
);
