-- One fact a row: documents, their versions and the parts of a version. Positions count from 1, as SQL does.

CREATE TABLE core_pages (
    url VARCHAR PRIMARY KEY,
    source_id VARCHAR NOT NULL,
    fetches INTEGER NOT NULL,
    last_fetched_at TIMESTAMP NOT NULL,
    last_outcome VARCHAR NOT NULL,
    last_detail VARCHAR,
    ok_at TIMESTAMP,
    etag VARCHAR,
    last_modified VARCHAR,
    digest VARCHAR,
    failing_since TIMESTAMP,
    failures INTEGER NOT NULL,
    gone_since TIMESTAMP,
    gone_checks INTEGER NOT NULL
);

CREATE TABLE core_reports (
    document_id VARCHAR PRIMARY KEY,
    url VARCHAR NOT NULL,
    source_id VARCHAR,
    column_url VARCHAR,
    state VARCHAR NOT NULL CHECK (state IN ('wanted', 'rejected', 'off_host', 'failed', 'accepted', 'quarantined')),
    reason VARCHAR,
    publisher VARCHAR,
    division_code VARCHAR,
    parent_division_code VARCHAR,
    level VARCHAR CHECK (level IN ('ministry', 'province', 'city', 'county', 'township', 'department', 'zone')),
    report_type VARCHAR CHECK (report_type IN ('rule_of_law', 'disclosure')),
    report_type_reason VARCHAR,
    report_year SMALLINT,
    report_year_reason VARCHAR,
    title VARCHAR,
    published DATE,
    published_shown VARCHAR,
    stated_source VARCHAR,
    doc_number VARCHAR,
    index_number VARCHAR,
    listed_title VARCHAR,
    listed_date DATE,
    dates MAP(VARCHAR, VARCHAR),
    page_kind VARCHAR,
    mirror_of VARCHAR,
    flags VARCHAR[] NOT NULL,
    "version" INTEGER NOT NULL,
    text_digest VARCHAR,
    text_length INTEGER NOT NULL,
    tables INTEGER NOT NULL,
    attachments INTEGER NOT NULL,
    section_roles VARCHAR[] NOT NULL,
    capture_id VARCHAR,
    payload_digest VARCHAR,
    first_seen_at TIMESTAMP NOT NULL,
    last_read_at TIMESTAMP NOT NULL,
    batch VARCHAR NOT NULL
);

CREATE TABLE core_addresses (
    document_id VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    first_seen_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    PRIMARY KEY (document_id, url)
);

CREATE TABLE core_report_changes (
    document_id VARCHAR NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    field VARCHAR NOT NULL,
    old_value VARCHAR,
    new_value VARCHAR,
    reason VARCHAR,
    batch VARCHAR NOT NULL
);

CREATE TABLE core_versions (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    cause VARCHAR NOT NULL CHECK (cause IN ('first', 'published', 'reread')),
    captured_at TIMESTAMP NOT NULL,
    capture_id VARCHAR,
    payload_digest VARCHAR,
    text_digest VARCHAR,
    -- Left to itself DuckDB 1.5.5 takes DICT_FSST: on 30 MB of Chinese text six times slower, and a sixth larger.
    "text" VARCHAR USING COMPRESSION zstd NOT NULL,
    text_length INTEGER NOT NULL,
    blocks STRUCT(kind VARCHAR, "level" SMALLINT, table_position INTEGER, start INTEGER, length INTEGER)[] NOT NULL,
    metadata_table MAP(VARCHAR, VARCHAR),
    meta_tags MAP(VARCHAR, VARCHAR),
    encoding VARCHAR,
    container VARCHAR,
    content_hash UBIGINT NOT NULL,
    loaded_at TIMESTAMP NOT NULL,
    batch VARCHAR NOT NULL,
    PRIMARY KEY (document_id, "version")
);

CREATE TABLE core_sections (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    role VARCHAR NOT NULL,
    heading VARCHAR NOT NULL,
    first_block INTEGER NOT NULL,
    last_block INTEGER NOT NULL
);

CREATE TABLE core_tables (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    caption VARCHAR,
    n_rows INTEGER NOT NULL,
    n_columns INTEGER NOT NULL,
    cells VARCHAR[][] NOT NULL
);

CREATE TABLE core_figures (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    table_name VARCHAR NOT NULL,
    path VARCHAR[] NOT NULL,
    column_name VARCHAR NOT NULL,
    printed VARCHAR,
    number DOUBLE
);

CREATE TABLE core_attachments (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    label VARCHAR NOT NULL,
    href VARCHAR NOT NULL,
    url VARCHAR NOT NULL
);

CREATE TABLE core_removals (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    rule VARCHAR NOT NULL,
    removed VARCHAR NOT NULL,
    text_offset INTEGER NOT NULL
);

CREATE TABLE core_flags (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    flag VARCHAR NOT NULL,
    evidence VARCHAR NOT NULL
);

CREATE TABLE core_metadata (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    "position" INTEGER NOT NULL,
    field VARCHAR NOT NULL,
    "value" VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    chosen BOOLEAN NOT NULL,
    note VARCHAR
);
