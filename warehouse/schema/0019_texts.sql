-- Texts in a table of their own. DuckDB compresses 2,048 rows of text together and gives up one only with those before it, so
-- that ten texts for ten snippets cost more than finding them. Here a text is followed by rows without any: 85 texts are
-- compressed together. What that costs in size and saves in time: docs/decisions/0010-search.md.

CREATE TABLE core_version_facts (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    report_number INTEGER NOT NULL,
    cause VARCHAR NOT NULL CHECK (cause IN ('first', 'published', 'reread')),
    captured_at TIMESTAMP NOT NULL,
    capture_id VARCHAR,
    payload_digest VARCHAR,
    text_digest VARCHAR,
    text_length INTEGER NOT NULL,
    blocks STRUCT(kind VARCHAR, "level" SMALLINT, table_position INTEGER, start INTEGER, length INTEGER,
        page INTEGER)[] NOT NULL,
    metadata_table MAP(VARCHAR, VARCHAR),
    meta_tags MAP(VARCHAR, VARCHAR),
    encoding VARCHAR,
    container VARCHAR,
    content_hash UBIGINT NOT NULL,
    loaded_at TIMESTAMP NOT NULL,
    batch VARCHAR NOT NULL,
    text_origin VARCHAR,
    page_text VARCHAR,
    PRIMARY KEY (document_id, "version")
);
INSERT INTO core_version_facts BY NAME
SELECT v.* EXCLUDE ("text"), r.report_number FROM core_versions v JOIN core_reports r USING (document_id);

CREATE TABLE core_texts (
    report_number INTEGER NOT NULL,
    "version" INTEGER NOT NULL,
    place TINYINT NOT NULL,
    -- Left to itself DuckDB 1.5.5 takes DICT_FSST where texts are short: six times slower, and a sixth larger.
    "text" VARCHAR USING COMPRESSION zstd CHECK ((place = 1) = ("text" IS NOT NULL))
);
INSERT INTO core_texts
SELECT report_number, "version", place, CASE WHEN place = 1 THEN "text" END
FROM (
    SELECT r.report_number, v."version", v."text", unnest(range(1, 25)) AS place
    FROM core_versions v JOIN core_reports r USING (document_id)
);

DROP TABLE core_versions;
