-- The three statutory tables of disclosure reports (国办公开办函〔2021〕30号, 〔2019〕60号) with names instead of labels: what is
-- printed with a number before it differs in the sub-rows from form to form, the rows of the first level do not.
CREATE VIEW disclosure_applications AS
SELECT f.document_id, f.publisher, f.division_code, f.level, f.report_year,
    CASE
        WHEN f.path[1] LIKE '一、%' OR f.path[1] LIKE '%本年新收%' THEN 'new'
        WHEN f.path[1] LIKE '二、%' OR f.path[1] LIKE '%上年结转%' THEN 'carried_in'
        WHEN f.path[1] LIKE '四、%' OR f.path[1] LIKE '%结转下年%' THEN 'carried_over'
        WHEN f.path[2] LIKE '%予以公开%' THEN 'granted'
        WHEN f.path[2] LIKE '%部分公开%' THEN 'partly_granted'
        WHEN f.path[2] LIKE '%不予公开%' THEN 'refused'
        WHEN f.path[2] LIKE '%无法提供%' THEN 'not_available'
        WHEN f.path[2] LIKE '%不予处理%' THEN 'not_processed'
        WHEN f.path[2] LIKE '%其他处理%' THEN 'other'
        WHEN f.path[2] LIKE '%总计%' THEN 'results'
    END AS item,
    -- 1.属于国家秘密: the reason within a result.
    regexp_replace(f.path[3], '^[0-9]+[.．、]', '') AS "case",
    f.column_name AS applicant, f.number, f.printed
FROM figures f
WHERE f.origin = 'table' AND f.table_name = 'applications';

CREATE VIEW disclosure_disputes AS
SELECT f.document_id, f.publisher, f.division_code, f.level, f.report_year,
    CASE
        WHEN f.path[1] LIKE '%行政复议%' THEN 'reconsideration'
        WHEN f.path[2] LIKE '%复议后%' THEN 'lawsuit_after_reconsideration'
        WHEN f.path[1] LIKE '%行政诉讼%' THEN 'lawsuit'
    END AS procedure,
    CASE
        WHEN f.column_name LIKE '%维持%' THEN 'upheld'
        WHEN f.column_name LIKE '%纠正%' THEN 'corrected'
        WHEN f.column_name LIKE '%其他%' THEN 'other'
        WHEN f.column_name LIKE '%尚未%' THEN 'pending'
        WHEN f.column_name LIKE '%总计%' THEN 'total'
    END AS outcome,
    f.number, f.printed
FROM figures f
WHERE f.origin = 'table' AND f.table_name = 'review_litigation';

-- The numbers most asked for, one report a row. `adds_up` is the check that the form states itself, over every kind of
-- applicant: 第一项加第二项之和，等于第三项加第四项之和.
CREATE VIEW disclosure_panel AS
WITH applications AS (
    SELECT document_id, item, applicant, sum(number) AS number, bool_or(number IS NULL) AS unread
    FROM disclosure_applications GROUP BY document_id, item, applicant
),
by_applicant AS (
    SELECT document_id, applicant,
        any_value(number) FILTER (item = 'new' AND NOT unread) + any_value(number) FILTER (item = 'carried_in' AND NOT unread)
            = any_value(number) FILTER (item = 'results' AND NOT unread)
            + any_value(number) FILTER (item = 'carried_over' AND NOT unread) AS adds_up
    FROM applications GROUP BY document_id, applicant
),
checked AS (
    SELECT document_id, CASE WHEN bool_or(NOT adds_up) THEN false WHEN count(*) = count(adds_up) THEN true END AS adds_up
    FROM by_applicant GROUP BY document_id
),
totals AS (
    SELECT document_id,
        any_value(number) FILTER (item = 'new') AS new, any_value(number) FILTER (item = 'carried_in') AS carried_in,
        any_value(number) FILTER (item = 'granted') AS granted,
        any_value(number) FILTER (item = 'partly_granted') AS partly_granted,
        any_value(number) FILTER (item = 'refused') AS refused,
        any_value(number) FILTER (item = 'not_available') AS not_available,
        any_value(number) FILTER (item = 'not_processed') AS not_processed,
        any_value(number) FILTER (item = 'other') AS other,
        any_value(number) FILTER (item = 'results') AS results,
        any_value(number) FILTER (item = 'carried_over') AS carried_over
    FROM applications WHERE applicant = '总计' GROUP BY document_id
),
disputes AS (
    SELECT document_id,
        any_value(number) FILTER (procedure = 'reconsideration' AND outcome = 'total') AS reconsiderations,
        any_value(number) FILTER (procedure = 'reconsideration' AND outcome = 'corrected') AS reconsiderations_corrected,
        sum(number) FILTER (procedure <> 'reconsideration' AND outcome = 'total') AS lawsuits,
        sum(number) FILTER (procedure <> 'reconsideration' AND outcome = 'corrected') AS lawsuits_corrected
    FROM disclosure_disputes GROUP BY document_id
)
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_year, t.new, t.carried_in, t.granted,
    t.partly_granted, t.refused, t.not_available, t.not_processed, t.other, t.results, t.carried_over, c.adds_up,
    d.reconsiderations, d.reconsiderations_corrected, d.lawsuits, d.lawsuits_corrected
FROM reports r
LEFT JOIN totals t ON t.document_id = r.document_id
LEFT JOIN checked c ON c.document_id = r.document_id
LEFT JOIN disputes d ON d.document_id = r.document_id
WHERE r.report_type = 'disclosure';

-- Documents of each kind that an organ made, abolished or has in force (第二十条第（一）项), as both forms since 2019 ask.
CREATE VIEW disclosure_documents AS
SELECT f.document_id, f.publisher, f.division_code, f.level, f.report_year,
    CASE WHEN f.path[1] LIKE '%规范性文件%' THEN 'normative_document' ELSE 'rule' END AS kind,
    any_value(f.number) FILTER (f.column_name IN ('本年制发件数', '本年新制作数量')) AS made,
    any_value(f.number) FILTER (f.column_name = '本年废止件数') AS abolished,
    any_value(f.number) FILTER (f.column_name IN ('现行有效件数', '对外公开总数量')) AS in_force
FROM figures f
WHERE f.origin = 'table' AND f.table_name = 'proactive' AND (f.path[1] LIKE '%规范性文件%' OR f.path[1] LIKE '%规章%')
GROUP BY ALL;
