-- One row a trusted report, as it stands now.
CREATE VIEW reports AS
SELECT
    r.document_id, r.publisher, r.division_code, r.parent_division_code, r.level, r.report_type, r.report_year, r.title,
    r.published, d.due,
    -- greatest leaves NULL out, and would call in time what was published nobody knows when.
    CASE WHEN r.published IS NOT NULL AND d.due IS NOT NULL THEN greatest(date_diff('day', d.due, r.published), 0) END
        AS days_late,
    r.doc_number, r.index_number, r.url, r.text_length, coalesce(r.text_origin, 'page') AS text_origin, r.confidence,
    r.tables, r.attachments,
    -- The parts are laid down since 2019: 厅字〔2019〕28号 for one type, 国办公开办函〔2019〕60号 for the other.
    -- Of a report whose text is in a file, or goes on on a page, that could not be read, nobody knows which it lacks.
    CASE WHEN r.report_year >= 2019 AND NOT list_has_any(r.flags, ['attachment_only', 'pages_missing']) THEN list_filter(
        CASE r.report_type
            WHEN 'rule_of_law' THEN ['measures', 'shortcomings', 'leaders_duty', 'next_year']
            WHEN 'disclosure' THEN ['overview', 'proactive', 'applications', 'review_litigation', 'problems']
        END, lambda role: NOT list_contains(r.section_roles, role)) END AS missing_sections,
    r.flags, r."version", r.report_year_reason, r.listed_date, r.source_id, r.first_seen_at, r.last_read_at,
    coalesce(p.gone_since, a.passed_at) AS gone_since,
    is_withdrawn(p.gone_checks) OR is_withdrawn(a.checks) AS withdrawn, r.edition, r.edition_reason
FROM core_reports r
LEFT JOIN core_pages p ON p.url = r.url
LEFT JOIN core_passed_addresses a ON a.document_id = r.document_id
LEFT JOIN (
    SELECT report_type, level, "month", "day" FROM core_deadlines
) l ON l.report_type = r.report_type AND l.level = r.level
LEFT JOIN LATERAL (SELECT due_on(r.report_type, r.report_year, l."month", l."day") AS due) d ON true
WHERE r.state = 'accepted';

CREATE VIEW report_texts AS
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_type, r.report_year, r.title, r.published, v."text",
    v.text_length, v.blocks, v.metadata_table, r.url, r.text_origin, v.page_text
FROM reports r JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version";

CREATE VIEW sections AS
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_type, r.report_year, s."position", s.role, s.heading,
    substring(v."text", v.blocks[s.first_block].start,
        v.blocks[s.last_block].start + v.blocks[s.last_block].length - v.blocks[s.first_block].start) AS "text"
FROM reports r
JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
JOIN core_sections s ON s.document_id = r.document_id AND s."version" = r."version";

-- Each block of a trusted report's text, with the page of the file on which it begins: where a quotation can be found again.
CREATE VIEW blocks AS
SELECT document_id, publisher, report_type, report_year, "position", part.kind, part."level", part.page,
    substring("text", part.start, part.length) AS "text", url
FROM (
    SELECT t.*, generate_subscripts(t.blocks, 1) AS "position", unnest(t.blocks) AS part FROM report_texts t
);

-- Files attached to trusted reports, with what came of each and its text.
CREATE VIEW attachments AS
SELECT r.document_id, r.publisher, r.division_code, r.report_type, r.report_year, a."position", a.label, a.url, a.role,
    a.role_reason, a.outcome, a.detail, f.file_type, f.pages, f.member, f.confidence, f.text_length, a.length AS bytes,
    a.digest, a.capture_id, f."text", f.page_starts, r.url AS report_url
FROM reports r
JOIN core_attachments a ON a.document_id = r.document_id AND a."version" = r."version"
LEFT JOIN core_file_texts f ON f.digest = a.digest;

CREATE VIEW quarantine AS
SELECT r.document_id, r.state, r.reason, r.publisher, r.report_type, r.report_year, r.title, r.url, r.source_id,
    o.url AS mirror_of, c.similarity, r.flags,
    (SELECT list(f.flag || CASE WHEN f.evidence = '' THEN '' ELSE ': ' || f.evidence END ORDER BY f.flag, f.evidence)
        FROM core_flags f WHERE f.document_id = r.document_id AND f."version" = r."version") AS evidence,
    r.text_length, r.first_seen_at, r.last_read_at,
    d.verdict || ' by ' || d.decided_by || ' on ' || d.decided_at::DATE || ', of an earlier text: ' || d.reason AS decided_before
FROM core_reports r
LEFT JOIN (FROM decisions WHERE standing = 'text_changed' AND verdict <> 'reopened') d ON d.document_id = r.document_id
LEFT JOIN core_copies c ON c.document_id = r.document_id
LEFT JOIN core_reports o ON o.document_id = c.copy_of
WHERE r.state = 'quarantined';
