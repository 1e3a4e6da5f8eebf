-- Every version that was ever read, with its text.
CREATE VIEW core_versions AS
SELECT f.document_id, f."version", f.cause, f.captured_at, f.capture_id, f.payload_digest, f.text_digest, t."text",
    f.text_length, f.blocks, f.metadata_table, f.meta_tags, f.encoding, f.container, f.content_hash, f.loaded_at, f.batch,
    f.text_origin, f.page_text
FROM core_version_facts f
JOIN core_texts t ON t.report_number = f.report_number AND t."version" = f."version" AND t.place = 1;
