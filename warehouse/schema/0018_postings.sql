-- The words of texts as an inverted index: a word is a number, and a row of postings is one word with up to some thousands
-- of the texts that have it. Numbers stand where names stood, so that a question about a word reads its rows and compares
-- integers.

-- `report_number` is the document's number in this file. The words of a report as it reads now stand at the report as well:
-- a question asks that of every report. (All columns come before any row is touched: DuckDB refuses another order.)
ALTER TABLE core_reports ADD COLUMN report_number INTEGER;
ALTER TABLE core_reports ADD COLUMN words_id INTEGER;
ALTER TABLE core_reports ADD COLUMN words_total INTEGER;
UPDATE core_reports SET report_number = n.report_number
FROM (SELECT document_id, row_number() OVER (ORDER BY first_seen_at, document_id) AS report_number FROM core_reports) n
WHERE n.document_id = core_reports.document_id;

-- `words_id` is the number of one cutting of one text: a text that is cut again gets another, and what is left of the old
-- one's postings is of nothing that is here.
CREATE TABLE words_as_they_were AS FROM core_words;
DROP TABLE core_words;
CREATE TABLE core_words (
    document_id VARCHAR NOT NULL,
    "version" INTEGER NOT NULL,
    dictionary VARCHAR NOT NULL,
    total INTEGER NOT NULL,
    words_id INTEGER NOT NULL,
    report_number INTEGER NOT NULL,
    PRIMARY KEY (document_id, "version")
);
INSERT INTO core_words
SELECT w.document_id, w."version", w.dictionary, w.total, row_number() OVER (ORDER BY r.report_number, w."version"),
    r.report_number
FROM words_as_they_were w JOIN core_reports r USING (document_id);

CREATE TABLE core_vocabulary (
    token_id INTEGER NOT NULL,
    token VARCHAR NOT NULL
);
INSERT INTO core_vocabulary
SELECT row_number() OVER (ORDER BY token), token FROM (SELECT DISTINCT token FROM core_terms);

CREATE TABLE core_postings (
    token_id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    words_ids INTEGER[] NOT NULL,
    counts INTEGER[] NOT NULL
);
CREATE TABLE core_posting_runs (
    run INTEGER PRIMARY KEY,
    postings BIGINT NOT NULL,
    first_words_id INTEGER NOT NULL,
    last_words_id INTEGER NOT NULL
);
INSERT INTO core_postings
SELECT v.token_id, w.words_id // 1024, list(w.words_id), list(t."count")
FROM core_terms t JOIN core_vocabulary v USING (token) JOIN core_words w USING (document_id, "version")
GROUP BY ALL ORDER BY w.words_id // 1024, v.token_id;
INSERT INTO core_posting_runs
SELECT run, sum(len(words_ids)), min(list_min(words_ids)), max(list_max(words_ids)) FROM core_postings GROUP BY run;

UPDATE core_reports SET words_id = w.words_id, words_total = w.total
FROM core_words w WHERE w.report_number = core_reports.report_number AND w."version" = core_reports."version";

DROP TABLE words_as_they_were;
DROP TABLE core_terms;
