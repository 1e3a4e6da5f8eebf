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
ALTER TABLE core_versions ADD COLUMN blocks.element.page INTEGER;
ALTER TABLE core_reports ADD COLUMN text_origin VARCHAR;
