-- Full-text search over trusted reports as they read now: BM25 (k1 = 1.2, b = 0.75) over core_postings, the constants of
-- Robertson and Zaragoza (2009), The Probabilistic Relevance Framework, and of DuckDB's own FTS extension.

-- Whether a word stands in a piece of text, both in lower case. A number or a Latin word is a whole one: no 20 stands in 2022年,
-- and no 98 in 98.7%, but both 5 and g in 5g, as texts are cut.
CREATE MACRO stands_in(piece, word) AS contains(piece, word) AND CASE
    WHEN word > '一' THEN true
    WHEN regexp_full_match(word, '[0-9.]+')
        THEN regexp_matches(piece, '(^|[^0-9.]|[^0-9]\.)' || regexp_escape(word) || '($|[^0-9.]|\.($|[^0-9]))')
    WHEN regexp_full_match(word, '[a-z]+') THEN regexp_matches(piece, '(^|[^a-z])' || word || '($|[^a-z])')
    ELSE true END;

-- How many of the words stand in a piece of text. Words are in lower case, as tokens are.
CREATE MACRO words_in(piece, words) AS len(list_filter(words, lambda w: stands_in(lower(piece), w)));

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
        lambda s: CASE WHEN s.word > '一' THEN regexp_escape(s.word)
            WHEN regexp_full_match(s.word, '[0-9.]+') THEN '\b[a-z]*' || regexp_escape(s.word) || '[a-z]*\b'
            WHEN regexp_full_match(s.word, '[a-z]+') THEN '\b[0-9]*' || s.word || '[0-9]*\b'
            ELSE regexp_escape(s.word) END), '|') || ')',
    opening || '\1' || closing, 'g') END;

-- The window of a line that begins at `start`, marked, with signs where the line goes on.
CREATE MACRO excerpt(line, start, width, words, opening, closing) AS
    CASE WHEN start > 1 THEN '…' ELSE '' END || marked(substring(line, start, width), words, opening, closing)
    || CASE WHEN start + width <= length(line) THEN '…' ELSE '' END;

-- What a reader is shown of a text: the stretch with most of the words, marked.
CREATE MACRO snippet("text", words, opening := '【', closing := '】', width := 80) AS list_transform(
    list_transform([best_line("text", words)], lambda line: {'line': line, 'start': best_start(line, words, width)}),
    lambda found: excerpt(found.line, found.start, width, words, opening, closing))[1];

-- `words` are the query's words as somebody else has cut them. Without, the query is cut here: at each place the longest
-- word that a trusted report has; of what is left over, every pair of characters stands for the words that hold it, as
-- 应诉 stands for 行政应诉 where no report has 应诉 by itself. `plain` is the query in Simplified characters: a phrase is found in
-- either spelling.
CREATE MACRO search(query, "year" := NULL, division := NULL, "type" := NULL, "level" := NULL, publisher := NULL,
    most := 10, snippets := true, words := NULL, plain := NULL, opening := '【', closing := '】') AS TABLE
WITH
-- The index knows texts by number: those of trusted reports as they read now. A filter decides who is found, not how rare a
-- word is.
gone AS (
    SELECT r.report_number FROM core_pages p JOIN core_reports r USING (url) WHERE is_withdrawn(p.gone_checks)
),
indexed AS MATERIALIZED (
    SELECT r.report_number, r."version", r.words_id, r.words_total AS total,
        ("year" IS NULL OR r.report_year = as_year("year"))
        AND (division IS NULL OR starts_with(coalesce(r.division_code, r.parent_division_code), division::VARCHAR))
        AND CASE WHEN is_known_type("type") THEN "type" IS NULL OR r.report_type = "type"::VARCHAR END
        AND CASE WHEN is_known_level("level") THEN "level" IS NULL OR r."level" = "level"::VARCHAR END
        AND (publisher IS NULL OR contains(r.publisher, publisher::VARCHAR)) AS wanted
    FROM core_reports r
    WHERE r.state = 'accepted' AND r.report_number NOT IN (FROM gone)
),
-- Runs of Han, Latin letters and digits, each at a place of its own, and what in them could be a word: pieces of Han of up
-- to twelve characters, the others as they are.
runs AS (
    SELECT unnest(runs) AS run, 1000 * generate_subscripts(runs, 1) AS start
    FROM (SELECT regexp_extract_all(lower(as_text(query, 'query')), '[一-鿕]+|[a-z]+|[0-9]+(?:\.[0-9]+)?') AS runs WHERE words IS NULL)
),
places AS (SELECT run, start, unnest(range(1, CASE WHEN run < '一' THEN 1 ELSE length(run) END + 1)) AS nth FROM runs),
pieces AS MATERIALIZED (
    SELECT start + nth AS place, start + nth + size AS after, substring(run, nth, size) AS token
    FROM places, (SELECT unnest(range(1, 13)) AS size)
    WHERE run >= '一' AND nth + size <= length(run) + 1 AND (size > 1 OR length(run) = 1)
    UNION ALL SELECT start + 1, start + 1 + length(run), run FROM places WHERE run < '一'
    UNION ALL SELECT 0, 0, unnest(words::VARCHAR[])
),
held AS MATERIALIZED (
    SELECT p.token_id, p."count", i.report_number, i.total, i.wanted
    FROM (
        SELECT token_id, unnest(words_ids) AS words_id, unnest(counts) AS "count" FROM core_postings
        WHERE token_id IN (SELECT token_id FROM core_vocabulary WHERE token IN (SELECT token FROM pieces))
    ) p JOIN indexed i USING (words_id)
),
rarity AS MATERIALIZED (SELECT token_id, count(*) AS reports FROM held GROUP BY token_id),
known AS MATERIALIZED (
    SELECT p.*, v.token_id FROM pieces p JOIN core_vocabulary v USING (token) SEMI JOIN rarity y ON y.token_id = v.token_id
),
-- From the left, the longest word at each place that no word before has taken.
taken AS MATERIALIZED (
    SELECT list_reduce(
        list({'place': place, 'after': after, 'places': [place]} ORDER BY place),
        lambda before, next: CASE WHEN next.place < before.after THEN before
            ELSE {'place': next.place, 'after': next.after, 'places': list_append(before.places, next.place)} END).places AS places
    FROM (SELECT place, max(after) AS after FROM known WHERE place > 0 GROUP BY place)
),
asked AS MATERIALIZED (
    SELECT token_id, token, place, after FROM known, taken
    WHERE place = 0 OR list_contains(places, place)
    QUALIFY place = 0 OR after = max(after) OVER (PARTITION BY place)
),
-- Two characters in a row that are in no word.
left_over AS (
    SELECT DISTINCT substring(run, nth, 2) AS pair FROM places
    WHERE nth < length(run) AND run >= '一' AND NOT EXISTS (
        FROM asked WHERE (place <= start + nth AND start + nth < after) OR (place <= start + nth + 1 AND start + nth + 1 < after))
),
wider AS MATERIALIZED (SELECT DISTINCT token_id, token FROM core_vocabulary JOIN left_over ON contains(token, pair)),
wider_held AS MATERIALIZED (
    SELECT p.token_id, p."count", i.report_number, i.total, i.wanted
    FROM (
        SELECT token_id, unnest(words_ids) AS words_id, unnest(counts) AS "count" FROM core_postings
        WHERE token_id IN (SELECT token_id FROM wider ANTI JOIN rarity USING (token_id))
    ) p JOIN indexed i USING (words_id)
),
weights AS (
    SELECT token_id, ln(1 + (w.reports - y.reports + 0.5) / (y.reports + 0.5)) AS weight, w.mean_total
    FROM (
        SELECT * FROM rarity WHERE token_id IN (SELECT token_id FROM asked UNION ALL SELECT token_id FROM wider)
        UNION ALL SELECT token_id, count(*) FROM wider_held GROUP BY token_id
    ) y, (SELECT count(*) AS reports, avg(total) AS mean_total FROM indexed) w
),
-- A word that is not in the query stands for one that is (主要负责人 for 负责人), and neither says more than the two together
-- do: 负责人 by itself may be rare where 主要负责人 is in every report.
standing_for AS MATERIALIZED (
    SELECT a.token_id, p.token AS said, p.token = a.token AS itself
    FROM asked a JOIN pieces p ON p.place = 0 AND contains(a.token, p.token)
    WHERE contains(lower(coalesce(plain, query::VARCHAR)), p.token)
        AND (p.token = a.token OR NOT contains(lower(coalesce(plain, query::VARCHAR)), a.token))
    QUALIFY NOT bool_and(itself) OVER (PARTITION BY said)
),
said_by AS (
    SELECT said, count(DISTINCT report_number) AS reports FROM standing_for JOIN held USING (token_id) GROUP BY said
),
capped AS (
    SELECT w.token_id, w.mean_total,
        least(w.weight, min(ln(1 + (i.reports - b.reports + 0.5) / (b.reports + 0.5)))) AS weight
    FROM weights w LEFT JOIN standing_for f ON f.token_id = w.token_id LEFT JOIN said_by b ON b.said = f.said,
        (SELECT count(*) AS reports FROM indexed) i
    GROUP BY w.token_id, w.weight, w.mean_total
),
scored AS (
    SELECT p.report_number, sum(w.weight * p."count" * 2.2 / (p."count" + 1.2 * (0.25 + 0.75 * p.total / w.mean_total)))
        AS score
    FROM (FROM held UNION ALL FROM wider_held) p JOIN capped w USING (token_id) WHERE p.wanted GROUP BY p.report_number
),
phrases AS MATERIALIZED (
    SELECT DISTINCT phrase, coalesce(simple, phrase) AS simple
    FROM (
        SELECT unnest(regexp_extract_all(query::VARCHAR, '["“”]([^"“”]+)["“”]', 1)) AS phrase,
            unnest(regexp_extract_all(plain, '["“”]([^"“”]+)["“”]', 1)) AS simple
    )
),
-- A phrase may be cut otherwise in a text than alone, so reports with a phrase are told by their text alone. Whether there
-- is one is asked of the query itself: a constant, by which the plan leaves the texts out.
with_phrases AS (
    SELECT t.report_number
    FROM phrases p JOIN (
        SELECT i.report_number, t."text"
        FROM indexed i JOIN core_texts t ON t.report_number = i.report_number AND t."version" = i."version" AND t.place = 1
        WHERE i.wanted AND regexp_matches(query::VARCHAR, '["“”][^"“”]+["“”]')
    ) t ON contains(t."text", p.phrase) OR contains(t."text", p.simple)
    GROUP BY t.report_number HAVING count(*) = (SELECT count(*) FROM phrases)
),
best AS MATERIALIZED (
    SELECT report_number, score FROM (
        FROM scored WHERE NOT regexp_matches(query::VARCHAR, '["“”][^"“”]+["“”]')
        UNION ALL
        SELECT report_number, coalesce(score, 0) FROM with_phrases LEFT JOIN scored USING (report_number)
    ) ORDER BY score DESC, report_number LIMIT most
),
-- What is marked: the phrases where there are any, else the words, single characters only where there is nothing else.
marks AS MATERIALIZED (
    SELECT CASE WHEN len(phrases) > 0 THEN phrases WHEN len(long) > 0 THEN long ELSE tokens END AS shown
    FROM (
        SELECT tokens, list_filter(tokens, lambda t: length(t) > 1) AS long,
            (SELECT coalesce(list(lower(phrase)) || list(lower(simple)), []) FROM phrases) AS phrases
        FROM (SELECT coalesce(list(token), []) AS tokens FROM (SELECT token FROM asked UNION SELECT token FROM wider))
    )
),
lines AS (
    SELECT r.*, b.score, k.shown, best_line(t."text", k.shown) AS line
    FROM best b JOIN core_reports r USING (report_number)
    LEFT JOIN core_texts t
        ON t.report_number = r.report_number AND t."version" = r."version" AND t.place = 1 AND snippets, marks k
),
found AS (SELECT *, best_start(line, shown, 80) AS start FROM lines)
SELECT f.publisher, f."level", f.report_type, f.report_year, f.title, round(f.score, 4) AS score,
    excerpt(f.line, f.start, 80, f.shown, opening, closing) AS snippet, f.url, f.division_code, f.document_id
FROM found f ORDER BY f.score DESC, f.report_number;
