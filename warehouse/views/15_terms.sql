-- How often each word stands in each trusted report, as it reads now.
CREATE VIEW terms AS
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_type, r.report_year, t.token, t."count",
    10000.0 * t."count" / w.total AS per_10000, w.dictionary
FROM reports r
JOIN core_words w ON w.document_id = r.document_id AND w."version" = r."version"
JOIN core_terms t ON t.document_id = r.document_id AND t."version" = r."version";
