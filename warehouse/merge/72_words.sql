-- Words of texts into the inverted index: of the versions in `new_words` (arrival, document_id, version, dictionary) those
-- that `landed_words` and `landed_tokens` have by arrival, as numbers (see warehouse/batches/numbered_words.py). What such a version
-- had before is replaced: its row gets another `words_id`, by which the postings of the old one are of nothing.
INSERT INTO core_vocabulary
SELECT (SELECT coalesce(max(token_id), 0) FROM core_vocabulary) + row_number() OVER (ORDER BY token), token
FROM (
    SELECT token FROM landed_tokens
    SEMI JOIN (SELECT unnest(numbers) AS number FROM landed_words SEMI JOIN new_words USING (arrival)) USING (number)
) ANTI JOIN core_vocabulary USING (token);

CREATE TEMP TABLE numbered_words AS
SELECT n.*, len(w.numbers) AS postings, coalesce(list_sum(w.counts), 0) AS total, r.report_number, (
        greatest((SELECT coalesce(max(words_id), 0) FROM core_words),
            (SELECT coalesce(max(last_words_id), 0) FROM core_posting_runs))
        + row_number() OVER (ORDER BY r.report_number, n."version"))::INTEGER AS words_id
FROM new_words n JOIN landed_words w USING (arrival) JOIN core_reports r USING (document_id);

INSERT INTO core_words
SELECT document_id, "version", dictionary, total, words_id, report_number FROM numbered_words
ON CONFLICT (document_id, "version") DO UPDATE SET
    dictionary = excluded.dictionary, total = excluded.total, words_id = excluded.words_id;

-- A run of its own, sorted by word, as questions about a word want it. No row is longer than 1,024 texts, so that of a
-- large load too few are read for nothing. Sorted before they are grouped: lists that grow side by side in a hash table cost
-- three times as much.
CREATE TEMP TABLE new_run AS
SELECT coalesce(max(run), 0) + 1 AS run FROM core_posting_runs;

INSERT INTO core_postings
SELECT token_id, (SELECT run FROM new_run), list(words_id), list("count")
FROM (
    SELECT token_id, words_id, "count"
    FROM (SELECT arrival, unnest(numbers) AS number, unnest(counts) AS "count" FROM landed_words)
    JOIN (SELECT number, token_id FROM landed_tokens JOIN core_vocabulary USING (token)) USING (number)
    JOIN numbered_words USING (arrival)
    ORDER BY token_id, words_id
)
GROUP BY token_id, words_id // 1024
ORDER BY token_id, min(words_id);

INSERT INTO core_posting_runs BY NAME
SELECT run, postings, first_words_id, last_words_id
FROM new_run, (
    SELECT sum(postings) AS postings, min(words_id) AS first_words_id, max(words_id) AS last_words_id FROM numbered_words
)
WHERE postings > 0;

-- What reports have as they read now, also where a load brought another version and no words for it. Compared with all, by
-- integers: nobody who changes a report's version has to remember its words.
UPDATE core_reports SET words_id = now.words_id, words_total = now.total
FROM (
    SELECT r.report_number, w.words_id, w.total
    FROM core_reports r LEFT JOIN core_words w ON w.report_number = r.report_number AND w."version" = r."version"
    WHERE r.words_id IS DISTINCT FROM w.words_id
) now
WHERE now.report_number = core_reports.report_number;
