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

-- Whether each of these publishers has a trusted report: an official name that is written otherwise finds nothing.
CREATE MACRO is_known_publisher(publishers) AS (
    SELECT CASE WHEN count(*) > 0
        THEN error('no report is by ' || string_agg(asked, ', ') || ': SELECT DISTINCT publisher FROM reports has the names in full')
        ELSE true END
    FROM (SELECT unnest(as_list(publishers)) AS asked) WHERE asked NOT IN (SELECT r.publisher FROM core_reports r
        WHERE r.state = 'accepted' AND r.publisher IS NOT NULL));

-- Whether a document is a trusted report.
CREATE MACRO is_known_report(document) AS CASE
    WHEN (SELECT count(*) FROM core_reports r WHERE r.state = 'accepted' AND r.document_id = document::VARCHAR) = 0
        THEN error('no trusted report has the document_id ' || coalesce(document::VARCHAR, 'NULL'))
    ELSE true END;

-- How much of each report stood in the same publisher's report of the year before, in characters of its sentences. Reports
-- without one of the year before have no row. Of several reports of one year the one that was published last stands for it,
-- and what was said to the People's Congress only where there is nothing else.
CREATE MACRO reused_from_last_year(publisher := NULL, "type" := NULL, "year" := NULL) AS TABLE
WITH chosen AS (
    SELECT r.document_id, r.publisher AS body, r."level" AS rank, r.report_type AS genre, r.report_year AS of_year
    FROM reports r
    WHERE r.publisher IS NOT NULL AND r.report_type IS NOT NULL AND r.report_year IS NOT NULL AND r.text_length > 0
        AND (publisher IS NULL OR list_contains(as_list(publisher), r.publisher))
        AND CASE WHEN is_known_type("type") THEN "type" IS NULL OR r.report_type = "type"::VARCHAR END
        AND ("year" IS NULL OR r.report_year IN (as_year("year"), as_year("year") - 1))
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
WHERE publisher IS NULL OR is_known_publisher(publisher)
GROUP BY ALL ORDER BY verbatim_share DESC, p.document_id;

-- The passages that two reports share: sentences that stand one after the other in both are one passage. Longest first.
CREATE MACRO shared_passages(document_a, document_b) AS TABLE
WITH a AS (
    SELECT "position" AS place, sentence, length(sentence) AS characters FROM report_sentences
    WHERE document_id = coalesce(document_a, '')
),
b AS (SELECT min("position") AS place, sentence FROM report_sentences WHERE document_id = coalesce(document_b, '') GROUP BY sentence),
both_have AS (
    SELECT a.place AS in_a, b.place AS in_b, a.sentence, a.characters, a.place - b.place AS shift FROM a JOIN b USING (sentence)
),
runs AS (
    SELECT *, in_a - row_number() OVER (PARTITION BY shift ORDER BY in_a) AS run FROM both_have
)
SELECT string_agg(sentence, '' ORDER BY in_a) AS passage, count(*) AS sentences, sum(characters)::BIGINT AS characters,
    min(in_a) AS position_a, min(in_b) AS position_b
FROM runs WHERE is_known_report(document_a) AND is_known_report(document_b)
GROUP BY shift, run ORDER BY characters DESC, position_a;

-- The five-character pieces of a sentence by their hashes, and how many of those of two sentences together both have. White
-- space does not count.
CREATE MACRO pieces_of(sentence) AS list_distinct(list_transform(
    range(1, greatest(length(regexp_replace(sentence, '\s', '', 'g')) - 3, 2)),
    lambda i: hash(substring(regexp_replace(sentence, '\s', '', 'g'), i, 5))));

CREATE MACRO shared_pieces(a, b) AS len(list_intersect(a, b)) / (len(a) + len(b) - len(list_intersect(a, b)));

-- The sentences of one report that another says too or nearly so, each with the one that is most like it.
CREATE MACRO similar_sentences(document_a, document_b, near := 0.6) AS TABLE
WITH a AS MATERIALIZED (
    SELECT "position", sentence, pieces_of(sentence) AS pieces FROM report_sentences WHERE document_id = coalesce(document_a, '')
),
b AS MATERIALIZED (
    SELECT "position", sentence, pieces_of(sentence) AS pieces FROM report_sentences WHERE document_id = coalesce(document_b, '')
)
SELECT a.sentence, b.sentence AS other_sentence, shared_pieces(a.pieces, b.pieces) AS similarity, a."position" AS position_a,
    b."position" AS position_b
FROM a, b
WHERE shared_pieces(a.pieces, b.pieces) >= as_number(near, 0.1, 'near') AND is_known_report(document_a) AND is_known_report(document_b)
QUALIFY row_number() OVER (PARTITION BY a."position" ORDER BY similarity DESC, b."position") = 1
ORDER BY similarity DESC, position_a;

-- Pairs of publishers of which one repeats the other's sentences in a year, or in each of several. A sentence that stands in the
-- reports of many is the genre's and nobody's, so only those of at most `most_publishers` count; a pair needs `least` of them.
-- `years_back` looks at what others said up to so many years before as well, and with `but_numbers` sentences that differ in
-- their numbers are one. `near` finds changed sentences too, of whose pieces both have so great a share (0.6: a few words differ).
-- The report of the earlier year said it first, of one year the one published first (of one day, the smaller identity). Of
-- what a publisher says again, in the years that are looked at, only its first time counts: nobody copies what was its own.
-- The two documents are those that have most of it; there may be more, as where a publisher has two editions of a report.
CREATE MACRO copied_between_places("year", "type" := 'rule_of_law', most_publishers := 3, least := 3, years_back := 0,
    but_numbers := false, near := NULL) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT DISTINCT unnest(as_years("year")) AS target
    FROM (SELECT as_number(most_publishers, 2, 'most_publishers') AS a, as_number(least, 1, 'least') AS b,
        as_number(years_back, 0, 'years_back') AS c, as_number(coalesce(near::VARCHAR, '1'), 0.1, 'near') AS d)
    WHERE a + b + c + d IS NOT NULL
),
said AS MATERIALIZED (
    SELECT DISTINCT target, document_id, publisher AS body, report_year AS of_year, sentence, length(sentence) AS characters,
        CASE WHEN but_numbers THEN but_for_numbers(sentence) ELSE sentence END AS shape
    FROM report_sentences JOIN asked ON report_year BETWEEN target - as_number(years_back, 0, 'years_back') AND target
    -- Said once more with constants alone, by which no text of another year is split.
    WHERE list_contains(flatten(list_transform(as_years("year"),
            lambda y: range(y - as_number(years_back, 0, 'years_back')::INTEGER, y + 1))), report_year)
        AND publisher IS NOT NULL AND CASE WHEN is_known_type("type") THEN "type" IS NULL OR report_type = "type"::VARCHAR END
),
of_few AS MATERIALIZED (
    SELECT target, shape, bodies FROM (SELECT target, shape, count(DISTINCT body) AS bodies FROM said GROUP BY target, shape)
    WHERE bodies <= as_number(most_publishers, 2, 'most_publishers')
),
-- Near sentences are looked for by MinHash: of two that share most of their pieces, most of the eight pieces with the smallest
-- hashes are the same. Such a piece that many have is the genre's as well; what is left makes few pairs, and those are compared.
sketched AS MATERIALIZED (
    SELECT target, shape, pieces_of(shape) AS pieces FROM of_few WHERE near IS NOT NULL
),
drawn AS (SELECT target, shape, unnest(list_sort(pieces)[1:8]) AS piece FROM sketched),
telling AS MATERIALIZED (
    SELECT target, piece, list(DISTINCT shape) AS shapes
    FROM drawn JOIN (SELECT DISTINCT target, shape, body FROM said) USING (target, shape)
    GROUP BY target, piece
    HAVING count(DISTINCT body) BETWEEN 2 AND as_number(most_publishers, 2, 'most_publishers')
        AND count(DISTINCT shape) BETWEEN 2 AND 10 * as_number(most_publishers, 2, 'most_publishers')
),
suspects AS (
    SELECT target, one, other
    FROM (SELECT target, piece, shapes, unnest(shapes) AS one FROM telling), LATERAL (SELECT unnest(shapes) AS other)
    WHERE one < other GROUP BY target, one, other HAVING count(*) >= 3
),
near_pairs AS MATERIALIZED (
    SELECT s.target, s.one, s.other
    FROM suspects s JOIN sketched a ON a.target = s.target AND a.shape = s.one
    JOIN sketched b ON b.target = s.target AND b.shape = s.other
    WHERE shared_pieces(a.pieces, b.pieces) >= as_number(coalesce(near::VARCHAR, '1'), 0.1, 'near')
),
kin AS MATERIALIZED (
    SELECT target, one AS shape, other FROM near_pairs
    UNION ALL SELECT target, other, one FROM near_pairs
    UNION ALL SELECT target, shape, shape FROM of_few WHERE bodies > 1
    UNION SELECT target, unnest([one, other]), unnest([one, other]) FROM near_pairs
),
dated AS (
    SELECT s.target, s.body, s.shape, s.sentence, s.characters, min({
        'of_year': s.of_year, 'on': coalesce(r.published, r.first_seen_at::DATE), 'document_id': document_id
    }) AS appeared
    FROM said s SEMI JOIN kin USING (target, shape) JOIN reports r USING (document_id)
    GROUP BY s.target, s.body, s.shape, s.sentence, s.characters
),
held AS MATERIALIZED (
    SELECT target, body, shape, min(appeared) AS appeared, count(*) AS sentences, sum(characters) AS characters,
        max({'length': characters, 'sentence': sentence}) AS longest
    FROM dated GROUP BY target, body, shape
),
-- When a publisher first said it, in these words or nearly so.
own AS (
    SELECT h.target, h.body, h.shape, min(o.appeared) AS appeared
    FROM held h JOIN kin k ON k.target = h.target AND k.shape = h.shape
    JOIN held o ON o.target = h.target AND o.body = h.body AND o.shape = k.other
    GROUP BY h.target, h.body, h.shape
),
taken AS (
    SELECT l.target, l.body AS later, e.body AS earlier, l.shape, bool_or(e.shape = l.shape) AS verbatim,
        min({'changed': e.shape <> l.shape, 'appeared': e.appeared}).appeared AS source
    FROM own l JOIN kin k ON k.target = l.target AND k.shape = l.shape
    JOIN held e ON e.target = l.target AND e.shape = k.other AND e.body <> l.body AND e.appeared < l.appeared
    WHERE l.appeared.of_year = l.target
    GROUP BY l.target, l.body, e.body, l.shape
),
by_report AS (
    SELECT t.target, t.later, t.earlier, l.appeared.document_id AS later_id, t.source.document_id AS earlier_id,
        t.source.of_year AS of_year, sum(l.sentences) AS sentences, sum(l.characters) AS characters, max(l.longest) AS longest,
        coalesce(sum(l.sentences) FILTER (NOT t.verbatim), 0) AS changed
    FROM taken t JOIN held l ON l.target = t.target AND l.body = t.later AND l.shape = t.shape
    GROUP BY ALL
),
pairs AS (
    SELECT target, later, earlier, sum(sentences)::BIGINT AS sentences, sum(characters)::BIGINT AS characters,
        max(longest) AS longest, sum(changed)::BIGINT AS changed,
        arg_max({'later': later_id, 'earlier': earlier_id, 'of_year': of_year},
            {'sentences': sentences, 'later': later_id, 'earlier': earlier_id}) AS mostly
    FROM by_report GROUP BY target, later, earlier
),
lengths AS (
    SELECT target, body, sum(characters) AS characters
    FROM (SELECT DISTINCT target, body, sentence, characters FROM said WHERE of_year = target) d
    SEMI JOIN (SELECT target, later AS body FROM pairs) p USING (target, body)
    GROUP BY target, body
)
SELECT p.later AS publisher, p.earlier AS said_first_by, p.mostly.of_year AS said_first_in, p.sentences, p.characters,
    p.characters / w.characters AS share, p.longest.sentence AS longest, p.mostly.later AS document_id,
    p.mostly.earlier AS earlier_id, CASE WHEN near IS NOT NULL THEN p.changed END AS changed_sentences, p.target AS report_year
FROM pairs p JOIN lengths w ON w.target = p.target AND w.body = p.later
WHERE p.sentences >= as_number(least, 1, 'least') ORDER BY p.characters DESC, document_id, earlier_id;

-- The trusted reports whose whole text is most like one report's, by their signatures: an estimate with a standard error of
-- .04. Two reports of one genre share a fifth by its phrases alone.
CREATE MACRO similar_reports(document, least := 0.3, most := 20) AS TABLE
WITH asked AS (
    SELECT s.algorithm, s.minima FROM core_signatures s
    JOIN core_reports r ON r.document_id = s.document_id AND r."version" = s."version"
    WHERE s.document_id = coalesce(document::VARCHAR, '')
),
compared AS (
    SELECT o.document_id, signature_similarity(o.minima, a.minima) AS similarity
    FROM signatures o JOIN asked a ON a.algorithm = o.algorithm
    WHERE o.document_id <> coalesce(document::VARCHAR, '')
)
SELECT r.publisher, r.level, r.report_type, r.report_year, r.title, c.similarity, r.published, r.url, r.document_id
FROM compared c JOIN reports r ON r.document_id = c.document_id
WHERE c.similarity >= as_number(least, 0, 'least') AND is_known_report(document)
ORDER BY c.similarity DESC, r.document_id LIMIT most;
