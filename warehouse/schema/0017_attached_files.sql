-- Reports that are files: what came of each attachment, the text of each file once, and whose text a version has.
ALTER TABLE core_attachments ADD COLUMN role VARCHAR;
ALTER TABLE core_attachments ADD COLUMN role_reason VARCHAR;
ALTER TABLE core_attachments ADD COLUMN outcome VARCHAR;
ALTER TABLE core_attachments ADD COLUMN detail VARCHAR;
ALTER TABLE core_attachments ADD COLUMN digest VARCHAR;
ALTER TABLE core_attachments ADD COLUMN capture_id VARCHAR;
ALTER TABLE core_attachments ADD COLUMN "length" BIGINT;

CREATE TABLE core_file_texts (
    digest VARCHAR PRIMARY KEY,
    file_type VARCHAR,
    outcome VARCHAR NOT NULL,
    detail VARCHAR,
    pages INTEGER,
    member VARCHAR,
    confidence DOUBLE,
    "text" VARCHAR USING COMPRESSION zstd NOT NULL,
    text_length INTEGER NOT NULL,
    page_starts INTEGER[] NOT NULL,
    read_at TIMESTAMP NOT NULL,
    batch VARCHAR NOT NULL
);

ALTER TABLE core_versions ADD COLUMN text_origin VARCHAR;
ALTER TABLE core_versions ADD COLUMN page_text VARCHAR;
-- ADD COLUMN blocks.element.page would do, but kills DuckDB 1.5.5 where some 2,048 rows have more than 2,048 blocks.
ALTER TABLE core_versions ALTER blocks SET DATA TYPE
    STRUCT(kind VARCHAR, "level" SMALLINT, table_position INTEGER, start INTEGER, length INTEGER, page INTEGER)[];
ALTER TABLE core_reports ADD COLUMN text_origin VARCHAR;
