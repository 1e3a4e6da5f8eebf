-- What people decided and corrected, over what was read. A document read now holds what was read; one that is no longer
-- amended gets back what was read; where an amendment holds, core_as_read keeps what it replaces. Run again, it changes
-- nothing.
DELETE FROM core_as_read a USING newest_reports n WHERE n.document_id = a.document_id;

CREATE TEMP TABLE amended AS
WITH decided AS (
    SELECT document_id, verdict, decided_by, reason FROM decisions
    WHERE standing = 'in_force' AND verdict <> 'reopened'
),
corrected AS (
    SELECT document_id, map(list(field), list({'value': "value"})) AS fields
    FROM corrections WHERE standing = 'applied' GROUP BY document_id
),
wanted AS (
    SELECT r.document_id,
        coalesce(d.verdict, r.state) AS state,
        CASE WHEN d.verdict IS NOT NULL THEN d.verdict || ' by ' || d.decided_by || ': ' || d.reason ELSE r.reason END AS reason,
        CASE WHEN c.fields['title'] IS NULL THEN r.title ELSE c.fields['title']."value" END AS title,
        CASE WHEN c.fields['publisher'] IS NULL THEN r.publisher ELSE c.fields['publisher']."value" END AS publisher,
        CASE WHEN c.fields['division_code'] IS NULL THEN r.division_code ELSE c.fields['division_code']."value" END
            AS division_code,
        CASE WHEN c.fields['parent_division_code'] IS NULL THEN r.parent_division_code
            ELSE c.fields['parent_division_code']."value" END AS parent_division_code,
        CASE WHEN c.fields['level'] IS NULL THEN r."level" ELSE c.fields['level']."value" END AS "level",
        CASE WHEN c.fields['report_type'] IS NULL THEN r.report_type ELSE c.fields['report_type']."value" END AS report_type,
        CASE WHEN c.fields['report_year'] IS NULL THEN r.report_year
            ELSE CAST(c.fields['report_year']."value" AS SMALLINT) END AS report_year,
        CASE WHEN c.fields['edition'] IS NULL THEN r.edition ELSE c.fields['edition']."value" END AS edition,
        CASE WHEN c.fields['published'] IS NULL THEN r.published ELSE CAST(c.fields['published']."value" AS DATE) END
            AS published,
        CASE WHEN c.fields['doc_number'] IS NULL THEN r.doc_number ELSE c.fields['doc_number']."value" END AS doc_number,
        CASE WHEN c.fields['index_number'] IS NULL THEN r.index_number ELSE c.fields['index_number']."value" END
            AS index_number
    FROM (SELECT document_id FROM decided UNION SELECT document_id FROM corrected) x
    JOIN reports_as_read r ON r.document_id = x.document_id
    LEFT JOIN decided d ON d.document_id = r.document_id
    LEFT JOIN corrected c ON c.document_id = r.document_id
),
-- all that anybody amended before or wants amended now, with what it is to be
sought AS (
    FROM wanted
    UNION ALL BY NAME
    SELECT a.* FROM core_as_read a ANTI JOIN wanted w ON w.document_id = a.document_id
)
SELECT s.*, w.document_id IS NOT NULL AS stays FROM sought s LEFT JOIN wanted w ON w.document_id = s.document_id;

INSERT INTO core_as_read BY NAME
SELECT r.document_id, r.state, r.reason, r.title, r.publisher, r.division_code, r.parent_division_code, r."level",
    r.report_type, r.report_year, r.edition, r.published, r.doc_number, r.index_number
FROM core_reports r
SEMI JOIN (FROM amended WHERE stays) m ON m.document_id = r.document_id
ANTI JOIN core_as_read a ON a.document_id = r.document_id;

DELETE FROM core_as_read a USING amended m WHERE m.document_id = a.document_id AND NOT m.stays;

CREATE TEMP TABLE changed_by_amendment AS
SELECT m.document_id FROM amended m JOIN core_reports r ON r.document_id = m.document_id
WHERE (m.state, m.reason, m.title, m.publisher, m.division_code, m.parent_division_code, m."level", m.report_type,
        m.report_year, m.edition, m.published, m.doc_number, m.index_number)
    IS DISTINCT FROM (r.state, r.reason, r.title, r.publisher, r.division_code, r.parent_division_code, r."level",
        r.report_type, r.report_year, r.edition, r.published, r.doc_number, r.index_number);

UPDATE core_reports SET
    state = m.state, reason = m.reason, title = m.title, publisher = m.publisher, division_code = m.division_code,
    parent_division_code = m.parent_division_code, "level" = m."level", report_type = m.report_type,
    report_year = m.report_year, edition = m.edition, published = m.published, doc_number = m.doc_number, index_number = m.index_number
FROM amended m SEMI JOIN changed_by_amendment c ON c.document_id = m.document_id
WHERE m.document_id = core_reports.document_id;
