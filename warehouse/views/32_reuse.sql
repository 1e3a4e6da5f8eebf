-- What is said again: in the next year's report, or in another place's. Compared are sentences that end as one (。！？；) and
-- have twelve characters or more: so neither headings nor rows of tables. A sentence is the same verbatim, or but for its
-- numbers: 收到行政复议申请705件。 and 收到行政复议申请21件。
CREATE MACRO full_sentences(said) AS list_filter(sentences(said), lambda s:
    length(s) >= 12 AND right(s, 1) IN ('。', '！', '？', '；') AND NOT contains(s, chr(9)));

CREATE MACRO but_for_numbers(said) AS regexp_replace(said, '[0-9０-９][0-9０-９.,．，]*', '0', 'g');

CREATE VIEW report_sentences AS
SELECT document_id, publisher, division_code, level, report_type, report_year,
    generate_subscripts(said, 1) AS "position", unnest(said) AS sentence
FROM (
    SELECT document_id, publisher, division_code, level, report_type, report_year, full_sentences("text") AS said
    FROM report_texts);

-- How much of each report stood in the same publisher's report of the year before, in characters of its sentences. Reports
-- without one of the year before have no row. Of several reports of one year the one that was published last stands for it,
-- and what was said to the People's Congress only where there is nothing else.
CREATE MACRO reused_from_last_year(publisher := NULL, "type" := NULL, "year" := NULL) AS TABLE
WITH chosen AS (
    SELECT r.document_id, r.publisher AS body, r."level" AS rank, r.report_type AS genre, r.report_year AS of_year
    FROM reports r
    WHERE r.publisher IS NOT NULL AND r.report_type IS NOT NULL AND r.report_year IS NOT NULL AND r.text_length > 0
        AND (publisher IS NULL OR r.publisher = publisher)
        AND CASE WHEN is_known_type("type") THEN "type" IS NULL OR r.report_type = "type" END
        AND ("year" IS NULL OR r.report_year IN ("year", "year" - 1))
    QUALIFY row_number() OVER (
        PARTITION BY r.publisher, r.report_type, r.report_year
        ORDER BY coalesce(r.edition = 'peoples_congress', false), r.published DESC NULLS LAST, r.document_id) = 1
),
pairs AS MATERIALIZED (
    SELECT n.*, o.document_id AS earlier_id
    FROM chosen n JOIN chosen o ON o.body = n.body AND o.genre = n.genre AND o.of_year = n.of_year - 1
),
said AS MATERIALIZED (
    SELECT document_id, sentence, but_for_numbers(sentence) AS shape, length(sentence) AS characters
    FROM (
        SELECT v.document_id, unnest(full_sentences(v."text")) AS sentence
        FROM core_versions v JOIN core_reports r ON r.document_id = v.document_id AND r."version" = v."version"
        SEMI JOIN (SELECT document_id FROM pairs UNION SELECT earlier_id FROM pairs) k ON k.document_id = v.document_id
    )
),
compared AS (
    SELECT p.document_id, s.characters, v.document_id IS NOT NULL AS verbatim, f.document_id IS NOT NULL AS but_numbers
    FROM pairs p JOIN said s ON s.document_id = p.document_id
    LEFT JOIN (SELECT DISTINCT document_id, sentence FROM said) v
        ON v.document_id = p.earlier_id AND v.sentence = s.sentence
    LEFT JOIN (SELECT DISTINCT document_id, shape FROM said) f
        ON f.document_id = p.earlier_id AND f.shape = s.shape
)
SELECT p.body AS publisher, p.rank AS level, p.genre AS report_type, p.of_year AS report_year, count(*) AS sentences,
    count(*) FILTER (c.verbatim) AS verbatim_sentences,
    coalesce(sum(c.characters) FILTER (c.verbatim), 0) / sum(c.characters) AS verbatim_share,
    coalesce(sum(c.characters) FILTER (c.but_numbers), 0) / sum(c.characters) AS share_but_numbers,
    p.document_id, p.earlier_id
FROM pairs p JOIN compared c ON c.document_id = p.document_id
GROUP BY ALL ORDER BY verbatim_share DESC, p.document_id;

-- The passages that two reports share: sentences that stand one after the other in both are one passage. Longest first.
CREATE MACRO shared_passages(document_a, document_b) AS TABLE
WITH a AS (SELECT "position" AS place, sentence, length(sentence) AS characters FROM report_sentences WHERE document_id = document_a),
b AS (SELECT min("position") AS place, sentence FROM report_sentences WHERE document_id = document_b GROUP BY sentence),
both_have AS (
    SELECT a.place AS in_a, b.place AS in_b, a.sentence, a.characters, a.place - b.place AS shift FROM a JOIN b USING (sentence)
),
runs AS (
    SELECT *, in_a - row_number() OVER (PARTITION BY shift ORDER BY in_a) AS run FROM both_have
)
SELECT string_agg(sentence, '' ORDER BY in_a) AS passage, count(*) AS sentences, sum(characters)::BIGINT AS characters,
    min(in_a) AS position_a, min(in_b) AS position_b
FROM runs GROUP BY shift, run ORDER BY characters DESC, position_a;

-- Pairs of publishers of which one repeats the other's sentences in a year. A sentence that stands in the reports of many is the
-- genre's and nobody's, so only those of at most `most_publishers` count; a pair needs `least` of them. `years_back` looks at
-- what others said up to so many years before as well, and with `but_numbers` sentences that differ in their numbers are one.
-- The report of the earlier year said it first, of one year the one published first (of one day, the smaller identity). Of
-- what a publisher says again, in the years that are looked at, only its first time counts: nobody copies what was its own.
-- The two documents are those that have most of it; there may be more, as where a publisher has two editions of a report.
CREATE MACRO copied_between_places("year", "type" := 'rule_of_law', most_publishers := 3, least := 3, years_back := 0,
    but_numbers := false) AS TABLE
WITH said AS MATERIALIZED (
    SELECT DISTINCT document_id, publisher AS body, report_year AS of_year, sentence, length(sentence) AS characters,
        CASE WHEN but_numbers THEN but_for_numbers(sentence) ELSE sentence END AS shape
    FROM report_sentences
    WHERE report_year BETWEEN "year" - years_back AND "year" AND publisher IS NOT NULL
        AND CASE WHEN is_known_type("type") THEN report_type = "type" END
),
rare AS (
    SELECT shape FROM (SELECT shape, count(DISTINCT body) AS bodies FROM said GROUP BY shape)
    WHERE bodies BETWEEN 2 AND most_publishers
),
dated AS (
    SELECT s.body, s.shape, s.sentence, s.characters, min({
        'of_year': s.of_year, 'on': coalesce(r.published, r.first_seen_at::DATE), 'document_id': document_id
    }) AS appeared
    FROM said s SEMI JOIN rare USING (shape) JOIN reports r USING (document_id)
    GROUP BY s.body, s.shape, s.sentence, s.characters
),
held AS (
    SELECT body, shape, min(appeared) AS appeared, count(*) AS sentences, sum(characters) AS characters,
        max({'length': characters, 'sentence': sentence}) AS longest
    FROM dated GROUP BY body, shape
),
pieces AS (
    SELECT l.body AS later, e.body AS earlier, l.appeared.document_id AS later_id, e.appeared.document_id AS earlier_id,
        e.appeared.of_year AS of_year, sum(l.sentences) AS sentences, sum(l.characters) AS characters, max(l.longest) AS longest
    FROM held e JOIN held l ON l.shape = e.shape AND l.body <> e.body AND e.appeared < l.appeared
    WHERE l.appeared.of_year = "year"
    GROUP BY ALL
),
pairs AS (
    SELECT later, earlier, sum(sentences)::BIGINT AS sentences, sum(characters)::BIGINT AS characters, max(longest) AS longest,
        arg_max({'later': later_id, 'earlier': earlier_id, 'of_year': of_year},
            {'sentences': sentences, 'later': later_id, 'earlier': earlier_id}) AS mostly
    FROM pieces GROUP BY later, earlier
),
lengths AS (
    SELECT body, sum(characters) AS characters
    FROM (
        SELECT DISTINCT body, sentence, characters FROM said
        WHERE of_year = "year" AND body IN (SELECT later FROM pairs WHERE sentences >= least))
    GROUP BY body
)
SELECT p.later AS publisher, p.earlier AS said_first_by, p.mostly.of_year AS said_first_in, p.sentences, p.characters,
    p.characters / w.characters AS share, p.longest.sentence AS longest, p.mostly.later AS document_id,
    p.mostly.earlier AS earlier_id
FROM pairs p JOIN lengths w ON w.body = p.later
WHERE p.sentences >= least ORDER BY p.characters DESC, document_id, earlier_id;

-- The trusted reports whose whole text is most like one report's, by their signatures: an estimate with a standard error of
-- .04. Two reports of one genre share a fifth by its phrases alone.
CREATE MACRO similar_reports(document, least := 0.3, most := 20) AS TABLE
WITH asked AS (
    SELECT s.algorithm, s.minima FROM core_signatures s
    JOIN core_reports r ON r.document_id = s.document_id AND r."version" = s."version"
    WHERE s.document_id = document
),
compared AS (
    SELECT o.document_id, signature_similarity(o.minima, a.minima) AS similarity
    FROM signatures o JOIN asked a ON a.algorithm = o.algorithm
    WHERE o.document_id <> document
)
SELECT r.publisher, r.level, r.report_type, r.report_year, r.title, c.similarity, r.published, r.url, r.document_id
FROM compared c JOIN reports r ON r.document_id = c.document_id
WHERE c.similarity >= least ORDER BY c.similarity DESC, r.document_id LIMIT most;
