-- Full-text search over trusted reports as they read now: BM25 (k1 = 1.2, b = 0.75) over core_terms, the constants of
-- Robertson and Zaragoza (2009), The Probabilistic Relevance Framework, and of DuckDB's own FTS extension.

-- How many of the words stand in a piece of text. Words are in lower case, as tokens are.
CREATE MACRO words_in(piece, words) AS len(list_filter(words, lambda w: contains(lower(piece), w)));

-- The line of a text (a paragraph, or a row of a table) with the most of the words; the first of several.
CREATE MACRO best_line("text", words) AS list_max(list_transform(
    list_filter(string_split(replace("text", chr(9), ' '), chr(10)), lambda s: s <> ''),
    lambda line, i: {'held': words_in(line, words), 'early': -i, 'line': line})).line;

-- Where in a line the window of `width` characters with the most of the words begins. Words near its edges do not count:
-- they are to be shown among others.
CREATE MACRO best_start(line, words, width) AS -list_max(list_transform(
    range(1, greatest(length(line) - width, 0) + 10, 8),
    lambda i: {
        'held': words_in(substring(line, CASE WHEN i = 1 THEN 1 ELSE i + 8 END,
            CASE WHEN i = 1 THEN width - 8 WHEN i + width > length(line) THEN width ELSE width - 16 END), words),
        'early': -i})).early;

-- Each of the words between the signs, the longest first where one begins another.
CREATE MACRO marked(piece, words, opening, closing) AS CASE WHEN len(words) = 0 THEN piece ELSE regexp_replace(
    piece,
    '(?i)(' || array_to_string(list_transform(
        list_reverse_sort(list_transform(list_distinct(words), lambda w: {'size': length(w), 'word': w})),
        lambda s: regexp_escape(s.word)), '|') || ')',
    opening || '\1' || closing, 'g') END;

-- What a reader is shown of a text: the stretch with most of the words, marked.
CREATE MACRO snippet("text", words, opening := '【', closing := '】', width := 80) AS
    CASE WHEN best_start(best_line("text", words), words, width) > 1 THEN '…' ELSE '' END
    || marked(substring(best_line("text", words), best_start(best_line("text", words), words, width), width),
        words, opening, closing)
    || CASE WHEN best_start(best_line("text", words), words, width) + width <= length(best_line("text", words))
        THEN '…' ELSE '' END;

-- `words` are the query's words as somebody else has cut them. Without, the query is cut here: at each place the longest
-- word that a trusted report has; of what is left over, every pair of characters stands for the words that hold it, as
-- 应诉 stands for 行政应诉 where no report has 应诉 by itself.
CREATE MACRO search(query, "year" := NULL, division := NULL, "type" := NULL, "level" := NULL, publisher := NULL,
    most := 10, snippets := true, words := NULL, opening := '【', closing := '】') AS TABLE
WITH RECURSIVE
current_reports AS (
    SELECT r.document_id, r."version", w.total
    FROM core_reports r
    LEFT JOIN core_words w ON w.document_id = r.document_id AND w."version" = r."version"
    WHERE r.state = 'accepted'
        AND NOT EXISTS (FROM core_pages p WHERE p.url = r.url AND is_withdrawn(p.gone_checks))
),
runs AS (
    SELECT run, row_number() OVER () AS number
    FROM (SELECT unnest(regexp_extract_all(lower(query), '[一-鿕]+|[a-z]+|[0-9]+(?:\.[0-9]+)?')) AS run)
    WHERE words IS NULL
),
-- What could be a word, with its place: pieces of Han of up to twelve characters, Latin words and numbers as they are.
pieces AS (
    SELECT number, place, size, substring(run, place, size) AS piece
    FROM (SELECT number, run, unnest(range(1, length(run) + 1)) AS place FROM runs), range(1, 13) s(size)
    WHERE run >= '一' AND place + size <= length(run) + 1 AND (size > 1 OR length(run) = 1)
    UNION ALL
    SELECT number, 1, length(run), run FROM runs WHERE run < '一'
),
sought AS MATERIALIZED (SELECT DISTINCT piece AS token FROM pieces UNION SELECT unnest(words::VARCHAR[])),
held AS MATERIALIZED (
    SELECT t.token, t.document_id, t."count", c.total
    FROM (SELECT * FROM core_terms WHERE token IN (SELECT token FROM sought)) t
    JOIN current_reports c ON c.document_id = t.document_id AND c."version" = t."version"
),
longest AS (
    SELECT p.number, p.place, max(p.size) AS size
    FROM pieces p SEMI JOIN held t ON t.token = p.piece GROUP BY ALL
),
walked AS (
    SELECT number, run, 1::BIGINT AS place, 0::BIGINT AS start, NULL::VARCHAR AS token FROM runs
    UNION ALL
    SELECT w.number, w.run, w.place + coalesce(l.size, 1), w.place,
        CASE WHEN l.size IS NOT NULL THEN substring(w.run, w.place, l.size) END
    FROM walked w LEFT JOIN longest l ON l.number = w.number AND l.place = w.place
    WHERE w.place <= length(w.run)
),
-- Two characters in a row that are in no word.
left_over AS MATERIALIZED (
    SELECT DISTINCT substring(a.run, a.start, 2) AS pair
    FROM walked a JOIN walked b ON b.number = a.number AND b.start = a.start + 1
    WHERE a.start > 0 AND a.token IS NULL AND b.token IS NULL AND a.run >= '一'
),
wider AS MATERIALIZED (
    SELECT DISTINCT t.token, t.document_id, t."count", c.total
    FROM (SELECT t.* FROM core_terms t JOIN left_over l ON contains(t.token, l.pair)) t
    JOIN current_reports c ON c.document_id = t.document_id AND c."version" = t."version"
),
asked AS MATERIALIZED (
    SELECT token FROM walked WHERE token IS NOT NULL UNION SELECT unnest(words::VARCHAR[])
),
postings AS MATERIALIZED (
    SELECT * FROM held SEMI JOIN asked USING (token) UNION ALL SELECT * FROM wider ANTI JOIN asked USING (token)
),
whole AS (SELECT count(*) AS reports, avg(total) AS mean_total FROM current_reports),
weights AS (
    SELECT token, ln(1 + ((SELECT reports FROM whole) - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM postings GROUP BY token
),
scored AS (
    SELECT p.document_id, sum(w.weight * p."count" * 2.2
        / (p."count" + 1.2 * (0.25 + 0.75 * p.total / (SELECT mean_total FROM whole)))) AS score
    FROM postings p JOIN weights w USING (token) GROUP BY p.document_id
),
phrases AS MATERIALIZED (
    SELECT DISTINCT unnest(regexp_extract_all(query, '["“”]([^"“”]+)["“”]', 1)) AS phrase
),
wanted AS (
    SELECT r.document_id, r."version", r.publisher AS "by", r.division_code, r."level" AS rank, r.report_type,
        r.report_year, r.title, r.url
    FROM core_reports r SEMI JOIN current_reports USING (document_id)
    WHERE ("year" IS NULL OR r.report_year = "year")
        AND (division IS NULL OR starts_with(coalesce(r.division_code, r.parent_division_code), division))
        AND ("type" IS NULL OR r.report_type = "type")
        AND ("level" IS NULL OR r."level" = "level")
        AND (publisher IS NULL OR contains(r.publisher, publisher))
),
-- A phrase may be cut otherwise in a text than alone, so reports with a phrase are told by their text alone. Whether there
-- is one is asked of the query itself: a constant, by which the plan leaves the texts out.
with_phrases AS (
    SELECT t.document_id
    FROM phrases p JOIN (
        SELECT document_id, v."text" FROM core_versions v
        SEMI JOIN wanted USING (document_id, "version")
        WHERE regexp_matches(query, '["“”][^"“”]+["“”]')
    ) t ON contains(t."text", p.phrase)
    GROUP BY t.document_id HAVING count(*) = (SELECT count(*) FROM phrases)
),
found AS (
    SELECT document_id, score FROM scored WHERE NOT EXISTS (FROM phrases)
    UNION ALL
    SELECT document_id, coalesce(s.score, 0) FROM with_phrases LEFT JOIN scored s USING (document_id)
),
best AS MATERIALIZED (
    SELECT w.*, f.score FROM found f JOIN wanted w USING (document_id) ORDER BY f.score DESC, document_id LIMIT most
),
-- What is marked: the phrases where there are any, else the words, single characters only where there is nothing else.
tokens AS (SELECT coalesce(list(DISTINCT token), []) AS list FROM postings),
marks AS MATERIALIZED (
    SELECT CASE WHEN EXISTS (FROM phrases) THEN (SELECT list(lower(phrase)) FROM phrases)
        WHEN list_bool_or(list_transform(tokens.list, lambda t: length(t) > 1))
            THEN list_filter(tokens.list, lambda t: length(t) > 1)
        ELSE tokens.list END AS shown
    FROM tokens
),
lines AS (
    SELECT b.document_id, k.shown, best_line(v."text", k.shown) AS line
    FROM best b JOIN core_versions v ON v.document_id = b.document_id AND v."version" = b."version", marks k
    WHERE snippets
),
places AS (SELECT *, best_start(line, shown, 80) AS start FROM lines)
SELECT b."by" AS publisher, b.rank AS "level", b.report_type, b.report_year, b.title, round(b.score, 4) AS score,
    CASE WHEN p.start > 1 THEN '…' ELSE '' END || marked(substring(p.line, p.start, 80), p.shown, opening, closing)
        || CASE WHEN p.start + 80 <= length(p.line) THEN '…' ELSE '' END AS snippet,
    b.url, b.division_code, b.document_id
FROM best b LEFT JOIN places p USING (document_id) ORDER BY b.score DESC, b.document_id;
