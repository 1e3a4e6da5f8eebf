-- The inverted index read as what it says: how often each word stands in each text. Words are joined before their lists are
-- opened, so that a condition on the word reads its rows only.
CREATE VIEW core_terms AS
SELECT w.document_id, w."version", p.token, p."count"
FROM (
    SELECT token, unnest(words_ids) AS words_id, unnest(counts) AS "count"
    FROM core_vocabulary JOIN core_postings USING (token_id)
) p JOIN core_words w USING (words_id);

-- How often each word stands in each trusted report, as it reads now.
CREATE VIEW terms AS
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_type, r.report_year, p.token, p."count",
    10000.0 * p."count" / w.total AS per_10000, w.dictionary
FROM (
    SELECT token, unnest(words_ids) AS words_id, unnest(counts) AS "count"
    FROM core_vocabulary JOIN core_postings USING (token_id)
) p
JOIN core_words w USING (words_id)
JOIN reports r ON r.document_id = w.document_id AND r."version" = w."version";
