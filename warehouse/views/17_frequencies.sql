-- What a frequency may be told apart by, of which type and editions. Anything else would silently be one group, or none.
CREATE MACRO is_asked_rightly(per, "type", editions) AS CASE
    WHEN NOT list_has_all(['year', 'type', 'level', 'province', 'city', 'county', 'publisher'], as_list(per)) THEN
        error('per takes year, type, level, province, city, county and publisher, not ' || array_to_string(as_list(per), ', '))
    WHEN editions::VARCHAR NOT IN ('all', 'principal') THEN error('editions is all or principal, not ' || editions::VARCHAR)
    ELSE is_known_type("type")
END;

-- The reports of these editions and this type, each with what it is told apart by: the columns that `per` does not name are
-- NULL, so that all reports of a group have the same row.
CREATE MACRO report_groups(per, "type" := NULL, editions := 'all') AS TABLE
SELECT p.document_id,
    CASE WHEN list_contains(as_list(per), 'year') THEN p.report_year END AS report_year,
    CASE WHEN list_contains(as_list(per), 'type') THEN p.report_type END AS report_type,
    CASE WHEN list_contains(as_list(per), 'level') THEN p.level END AS level,
    CASE WHEN list_contains(as_list(per), 'province') THEN p.province END AS province,
    CASE WHEN list_contains(as_list(per), 'city') THEN p.city END AS city,
    CASE WHEN list_contains(as_list(per), 'county') THEN p.county END AS county,
    CASE WHEN list_contains(as_list(per), 'publisher') THEN p.publisher END AS publisher
FROM report_places p
JOIN (
    SELECT document_id FROM core_reports WHERE coalesce(editions, 'all') <> 'principal'
    UNION ALL SELECT document_id FROM principal_reports WHERE editions = 'principal'
) e ON e.document_id = p.document_id
WHERE CASE WHEN is_asked_rightly(per, "type", editions) THEN "type" IS NULL OR p.report_type = "type"::VARCHAR END;

-- How often a word or a string stands in reports. The rate of a group is the sum of its counts by the sum of its lengths (not
-- the mean of the reports' rates, in which a page of ten words would weigh as much as one of ten thousand). A report without
-- the word is part of its group, so a group that never uses it has 0 and one without reports has no row.
-- `per` names what is told apart: year, type, level, province, city, county, publisher; the columns of the others are NULL.
-- `editions := 'principal'` takes one report for each publisher, type and year (principal_reports).
CREATE MACRO term_frequency(word, per := ['year'], "type" := NULL, editions := 'all') AS TABLE
SELECT
    g.* EXCLUDE (document_id),
    count(*) AS reports, count(t."count") AS reports_with, coalesce(sum(t."count"), 0)::BIGINT AS "count",
    sum(w.total)::BIGINT AS words, 10000.0 * coalesce(sum(t."count"), 0) / sum(w.total) AS per_10000
FROM report_groups(per, "type" := "type", editions := editions) g
JOIN core_reports r ON r.document_id = g.document_id
JOIN core_words w ON w.document_id = r.document_id AND w."version" = r."version" AND w.total > 0
LEFT JOIN (SELECT document_id, "count" FROM terms WHERE token = as_text(word, 'word')) t ON t.document_id = g.document_id
GROUP BY ALL ORDER BY ALL;

-- The same for any string, whatever words it is cut into: counted in the text itself, so in 10,000 characters. A text in
-- Traditional characters has the string only as it spells it.
CREATE MACRO phrase_frequency(phrase, per := ['year'], "type" := NULL, editions := 'all') AS TABLE
WITH counted AS (
    SELECT r.document_id, length(v."text") AS characters,
        (characters - length(replace(v."text", as_text(phrase, 'phrase'), ''))) // length(as_text(phrase, 'phrase')) AS "count"
    FROM core_reports r JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
    WHERE r.state = 'accepted' AND v.text_length > 0
)
SELECT
    g.* EXCLUDE (document_id),
    count(*) AS reports, count(*) FILTER (c."count" > 0) AS reports_with, sum(c."count")::BIGINT AS "count",
    sum(c.characters)::BIGINT AS characters, 10000.0 * sum(c."count") / sum(c.characters) AS per_10000
FROM report_groups(per, "type" := "type", editions := editions) g JOIN counted c ON c.document_id = g.document_id
GROUP BY ALL ORDER BY ALL;

-- Words that set one group of reports apart from another: the log-likelihood ratio of Dunning (1993), Accurate Methods for the
-- Statistics of Surprise and Coincidence, in the form of Rayson and Garside (2000), Comparing Corpora using Frequency
-- Profiling, and as the size of the difference the binary logarithm of the ratio of the two rates (Hardie 2014, Log Ratio),
-- where a word that one group has not at all counts there as half a word. G2 above 10.83 is p < .001 for one word, 15.13
-- p < .0001; with thousands of words looked at together the latter is the sounder bound.
CREATE MACRO keyness(target, reference, least := 5) AS TABLE
WITH sides AS (
    SELECT unnest(as_list(target)) AS document_id, true AS in_target
    UNION ALL SELECT unnest(as_list(reference)), false
),
held AS MATERIALIZED (
    SELECT r.document_id, r."version", bool_or(s.in_target) AS in_target
    FROM sides s JOIN core_reports r ON r.document_id = s.document_id
    WHERE r.state = 'accepted'
    GROUP BY r.document_id, r."version" HAVING count(DISTINCT s.in_target) = 1
),
totals AS (
    SELECT coalesce(sum(w.total) FILTER (h.in_target), 0)::DOUBLE AS c,
        coalesce(sum(w.total) FILTER (NOT h.in_target), 0)::DOUBLE AS d
    FROM held h JOIN core_words w ON w.document_id = h.document_id AND w."version" = h."version"
),
counts AS (
    SELECT t.token, coalesce(sum(t."count") FILTER (h.in_target), 0)::DOUBLE AS a,
        coalesce(sum(t."count") FILTER (NOT h.in_target), 0)::DOUBLE AS b,
        count(*) FILTER (h.in_target) AS reports_target, count(*) FILTER (NOT h.in_target) AS reports_reference
    FROM held h JOIN terms t ON t.document_id = h.document_id
    GROUP BY t.token
)
SELECT token, a::BIGINT AS count_target, b::BIGINT AS count_reference, 10000 * a / c AS per_10000_target,
    10000 * b / d AS per_10000_reference, reports_target, reports_reference,
    2 * (CASE WHEN a > 0 THEN a * ln(a * (c + d) / (c * (a + b))) ELSE 0 END
        + CASE WHEN b > 0 THEN b * ln(b * (c + d) / (d * (a + b))) ELSE 0 END) AS g2,
    log2((greatest(a, 0.5) / c) / (greatest(b, 0.5) / d)) AS log_ratio
FROM counts, (
    SELECT CASE WHEN c = 0 THEN error('target' || reason) ELSE c END AS c, CASE WHEN d = 0 THEN error('reference' || reason) ELSE d END AS d
    FROM totals, (SELECT ' has no trusted report that is not in the other group too: it is a list of document_id' AS reason)
)
WHERE a + b >= as_number(least, 0, 'least')
ORDER BY g2 DESC, token;
