-- Reports that belong together: of one publisher, or of the government and the departments of one place, for one type and year.
-- Each pair stands here twice, once from either side.
CREATE VIEW related_reports AS
WITH placed AS (
    SELECT r.document_id, r."version", r.publisher, r.source_id, r.column_url, r.report_type, r.report_year, r.edition,
        -- Townships and zones bear the code of the county they lie in, or none.
        CASE WHEN r."level" IN ('province', 'city', 'county', 'department') THEN r.division_code END AS place,
        r."level" = 'department' AS of_department,
        coalesce(r.published, r.listed_date) AS day, r.first_seen_at::DATE AS seen_on
    FROM core_reports r
    WHERE r.state = 'accepted' AND r.publisher IS NOT NULL AND r.report_type IS NOT NULL AND r.report_year IS NOT NULL
),
-- One column, one publisher, one edition, one year: of these the later one takes the place of the one before it.
turns AS (
    SELECT document_id, lag(document_id) OVER turn AS before_id, day, seen_on,
        lag(day) OVER turn AS day_before, lag(seen_on) OVER turn AS seen_on_before
    FROM placed
    WINDOW turn AS (PARTITION BY source_id, column_url, publisher, report_type, report_year, edition
        ORDER BY day NULLS FIRST, seen_on, document_id)
),
replacing AS (
    SELECT document_id, before_id FROM turns
    WHERE before_id IS NOT NULL AND (day > day_before OR (day IS NOT DISTINCT FROM day_before AND seen_on > seen_on_before))
),
pairs AS (
    SELECT a.document_id, b.document_id AS related_id
    FROM placed a JOIN placed b ON b.publisher = a.publisher AND b.report_type = a.report_type
        AND b.report_year = a.report_year AND b.document_id <> a.document_id
    UNION
    SELECT a.document_id, b.document_id
    FROM placed a JOIN placed b ON b.place = a.place AND b.report_type = a.report_type AND b.report_year = a.report_year
        AND b.document_id <> a.document_id
    WHERE NOT (a.of_department AND b.of_department)
),
compared AS (
    SELECT p.document_id, p.related_id, a.edition, b.edition AS related_edition, a.publisher,
        b.publisher AS related_publisher, a.report_type, a.report_year, a.day, b.day AS related_day,
        CASE WHEN s.algorithm = o.algorithm THEN signature_similarity(s.minima, o.minima) END AS similarity,
        EXISTS (FROM replacing x WHERE x.document_id = p.document_id AND x.before_id = p.related_id) AS replaces,
        EXISTS (FROM replacing x WHERE x.document_id = p.related_id AND x.before_id = p.document_id) AS is_replaced
    FROM pairs p
    JOIN placed a ON a.document_id = p.document_id
    JOIN placed b ON b.document_id = p.related_id
    LEFT JOIN core_signatures s ON s.document_id = a.document_id AND s."version" = a."version"
    LEFT JOIN core_signatures o ON o.document_id = b.document_id AND o."version" = b."version"
)
SELECT document_id, related_id,
    CASE
        WHEN replaces THEN 'supersedes'
        WHEN is_replaced THEN 'superseded_by'
        WHEN is_near_copy(similarity) THEN 'same_text'
        WHEN edition <> related_edition THEN 'other_edition'
        ELSE 'beside'
    END AS relation,
    similarity,
    CASE
        WHEN replaces OR is_replaced THEN 'same column, publisher, edition and year; '
            || coalesce(day::VARCHAR, 'no date') || ' and ' || coalesce(related_day::VARCHAR, 'no date')
        WHEN is_near_copy(similarity) THEN 'the texts have ' || round(100 * similarity)::INTEGER || ' % in common'
        WHEN edition <> related_edition THEN edition || ' and ' || related_edition || ' edition of one place and year'
        ELSE 'same publisher, type and year'
    END AS why,
    edition, related_edition, publisher, related_publisher, report_type, report_year
FROM compared;

-- One report for each publisher, type and year, for counts that must not count twice: the public one, still on the site,
-- with a text, published last; and no re-post of the government's by a department. A government and the Party committee
-- that reports with it are one. Reports of which publisher, type or year are unknown are all here.
CREATE VIEW principal_reports AS
SELECT r.* FROM reports r
ANTI JOIN (
    SELECT document_id FROM related_reports
    WHERE relation = 'same_text' AND edition = 'department' AND related_edition IN ('government', 'joint')
) c ON c.document_id = r.document_id
QUALIFY r.publisher IS NULL OR r.report_type IS NULL OR r.report_year IS NULL OR row_number() OVER (
    PARTITION BY r.report_type, r.report_year,
        CASE WHEN r."level" IN ('province', 'city', 'county') THEN coalesce(r.division_code, r.publisher) ELSE r.publisher END
    ORDER BY coalesce(r.edition = 'peoples_congress', false), r.withdrawn, r.text_length = 0,
        coalesce(r.published, r.listed_date) DESC NULLS LAST, r.document_id) = 1;

-- Every address at which a report stands or stood; is_current: where it was read last.
CREATE VIEW report_addresses AS
SELECT a.document_id, r.publisher, r.report_type, r.report_year, r.title, a.url, a.url = r.url AS is_current,
    a.first_seen_at, a.last_seen_at, p.last_outcome, is_withdrawn(p.gone_checks) AS gone
FROM core_addresses a
JOIN core_reports r ON r.document_id = a.document_id
LEFT JOIN core_pages p ON p.url = a.url
WHERE r.state = 'accepted';
