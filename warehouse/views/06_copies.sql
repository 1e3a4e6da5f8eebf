-- Near copies are found by MinHash (scrapers.judging.copies). Texts with no band in common are not compared; of those that
-- share some, the eight that share most are: a copy shares a third of its bands with its original, two reports of one genre
-- one band in fifty, so that the work grows with the suspects and not with the pairs.
CREATE MACRO signature_similarity(a, b) AS
    len(list_filter(list_zip(a, b), lambda pair: pair[1] = pair[2])) / len(a);

-- scrapers.judging.copies.NEAR_COPY, where it says what was measured.
CREATE MACRO is_near_copy(similarity) AS similarity >= 0.7;

CREATE VIEW signatures AS
SELECT s.document_id, r.url, r.published, r.first_seen_at, s.algorithm, s.minima, s.bands
FROM core_signatures s JOIN core_reports r ON r.document_id = s.document_id AND r."version" = s."version"
WHERE r.state = 'accepted';

CREATE MACRO near_copies(suspects, originals) AS TABLE
WITH shared AS (
    SELECT s.document_id, o.document_id AS copy_of
    FROM (SELECT document_id, algorithm, unnest(bands) AS band FROM query_table(suspects)) s
    JOIN (SELECT document_id, algorithm, unnest(bands) AS band FROM query_table(originals)) o
        ON o.algorithm = s.algorithm AND o.band = s.band
    WHERE o.document_id <> s.document_id
    GROUP BY s.document_id, o.document_id
    QUALIFY row_number() OVER (PARTITION BY s.document_id ORDER BY count(*) DESC, o.document_id) <= 8
)
SELECT p.document_id, p.copy_of, signature_similarity(s.minima, o.minima) AS similarity
FROM shared p
JOIN query_table(suspects) s ON s.document_id = p.document_id
JOIN query_table(originals) o ON o.document_id = p.copy_of
WHERE is_near_copy(signature_similarity(s.minima, o.minima));
