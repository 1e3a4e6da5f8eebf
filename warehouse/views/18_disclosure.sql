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

-- A label without its number and what stands in brackets: （一）主动公开政府信息数（不同渠道和方式公开相同信息计1条）, 其中：1.当面申请数.
CREATE MACRO said_by_label(label) AS regexp_replace(regexp_replace(label, '（[^（）]*[^一二三四五六七八九十（）][^（）]*）', '', 'g'),
    '^(其中[：:])?([一二三四五六七八九十]+[、.．]|[（(][一二三四五六七八九十0-9]+[)）][、.．]?|[0-9]+[、.．]|[①-⑳])?', '');

-- The one table of reports of before the Regulations of 2019 (政府信息公开情况统计表): what each row counts, by its label. Of the
-- provinces' forms and the nation's (国办发〔2014〕32号) only the words differ. What no `item` names stays, with NULL.
CREATE MACRO statistics_item(path) AS CASE
    WHEN regexp_matches(said_by_label(path[-1]), '^(收到|受理)?(政府信息公开)?申请(信息)?总?数量?$|^信息公开申请总?数$|^受理依申请公开(政府)?信息总?数$')
        THEN 'received'
    WHEN regexp_matches(said_by_label(path[-1]), '^申请办结总?数$') THEN 'concluded'
    WHEN regexp_matches(said_by_label(path[-1]), '^(对?申请的?)答复总?数$') THEN 'replies'
    WHEN regexp_matches(said_by_label(path[-1]), '^(属于)?已主动公开(范围)?(答复)?数$') THEN 'already_public'
    WHEN regexp_matches(said_by_label(path[-1]), '^同意公开(答复)?数$') THEN 'granted'
    WHEN regexp_matches(said_by_label(path[-1]), '^同意部分公开(答复)?数$') THEN 'partly_granted'
    WHEN regexp_matches(said_by_label(path[-1]), '^(不同意公开|不予公开|否决公开)(答复)?总?数$') THEN 'refused'
    WHEN regexp_matches(said_by_label(path[-1]), '^不属于本(行政)?机关公开数$') THEN 'not_ours'
    WHEN regexp_matches(said_by_label(path[-1]), '^申请信息不存在数$') THEN 'not_existing'
    WHEN regexp_matches(said_by_label(path[-1]), '^告知作出更改补充数$') THEN 'asked_to_amend'
    WHEN regexp_matches(said_by_label(path[-1]), '^告知通过其[他它]途径办理数$') THEN 'other_ways'
    WHEN regexp_matches(said_by_label(path[-1]), '^主动公开(政府)?(信息|文件)数$') THEN 'published'
    WHEN regexp_matches(said_by_label(path[-1]), '^主动公开(行政)?规范性文件数$') THEN 'normative_published'
    WHEN regexp_matches(said_by_label(path[-1]), '^制发(行政)?规范性文件总?数$') THEN 'normative_made'
    WHEN regexp_matches(said_by_label(path[-1]), '^行政复议(案件)?数量?$') THEN 'reconsiderations'
    WHEN regexp_matches(said_by_label(path[-1]), '^行政诉讼(案件)?数量?$') THEN 'lawsuits'
    WHEN regexp_matches(said_by_label(path[-1]), '^(被?依法)?纠错数$') AND contains(path[1], '行政复议') THEN 'reconsiderations_corrected'
    WHEN regexp_matches(said_by_label(path[-1]), '^(被?依法)?纠错数$') AND contains(path[1], '行政诉讼') THEN 'lawsuits_corrected'
    WHEN regexp_matches(said_by_label(path[-1]), '^举报投诉数量?$') THEN 'complaints'
END;

-- Its columns: the year's number, or the sum since counting began. 本年累计 is the year's, that of another year is neither.
CREATE MACRO statistics_column(column_name, report_year) AS CASE
    WHEN regexp_matches(column_name, '^(计量)?单位$') THEN 'unit'
    WHEN regexp_matches(column_name, '^(统计数据?|数量|件数|数值|数据|合计|总计|(本年|当年)(度|累计|实际)?(数|统计数)?)$')
        OR regexp_extract(column_name, '^((?:19|20)[0-9]{2})年?度?(?:统计)?(?:数量?)?$', 1) = report_year::VARCHAR THEN 'year'
    WHEN regexp_matches(column_name, '^(历年|历史)?累计(数|统计数)?$') THEN 'to_date'
END;

CREATE VIEW disclosure_statistics AS
WITH cells AS (
    SELECT document_id, publisher, division_code, level, report_year, path, "position", number, printed,
        statistics_column(column_name, report_year) AS told,
        -- Two rows of a form may bear one label: rows are told apart by how often it came before.
        row_number() OVER (PARTITION BY document_id, path, column_name ORDER BY "position") AS occurrence
    FROM figures WHERE origin = 'table' AND table_name = 'statistics'
)
SELECT document_id, publisher, division_code, level, report_year, min("position") AS "position", path,
    statistics_item(path) AS item,
    -- Of two columns that both may be the year's, nobody knows which is.
    CASE WHEN count(*) FILTER (told = 'year') = 1 THEN any_value(number) FILTER (told = 'year') END AS number,
    any_value(printed) FILTER (told = 'unit') AS unit,
    CASE WHEN count(*) FILTER (told = 'to_date') = 1 THEN any_value(number) FILTER (told = 'to_date') END AS number_to_date
FROM cells GROUP BY document_id, publisher, division_code, level, report_year, path, occurrence;

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
),
-- Of the form of before 2019 only what means the same as in the forms since: applications received and concluded, and what was
-- contested. Its rows 同意公开, 部分公开 and 不予公开 count replies, of which one application may have several, and are cut
-- otherwise: what was public already is a row beside 同意公开, and 不同意公开 holds what is no government information.
before_2019 AS (
    SELECT document_id,
        CASE WHEN count(DISTINCT number) FILTER (item = 'received') = 1
            THEN any_value(number) FILTER (item = 'received') END AS new,
        CASE WHEN count(DISTINCT number) FILTER (item = 'concluded') = 1
            THEN any_value(number) FILTER (item = 'concluded') END AS results,
        CASE WHEN count(DISTINCT number) FILTER (item = 'reconsiderations') = 1
            THEN any_value(number) FILTER (item = 'reconsiderations') END AS reconsiderations,
        CASE WHEN count(DISTINCT number) FILTER (item = 'reconsiderations_corrected') = 1
            THEN any_value(number) FILTER (item = 'reconsiderations_corrected') END AS reconsiderations_corrected,
        CASE WHEN count(DISTINCT number) FILTER (item = 'lawsuits') = 1
            THEN any_value(number) FILTER (item = 'lawsuits') END AS lawsuits,
        CASE WHEN count(DISTINCT number) FILTER (item = 'lawsuits_corrected') = 1
            THEN any_value(number) FILTER (item = 'lawsuits_corrected') END AS lawsuits_corrected
    FROM disclosure_statistics s
    -- A report with both forms is read by that in force.
    ANTI JOIN (SELECT document_id FROM totals UNION ALL SELECT document_id FROM disputes) n ON n.document_id = s.document_id
    GROUP BY document_id
)
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_year, coalesce(t.new, b.new) AS new, t.carried_in,
    t.granted, t.partly_granted, t.refused, t.not_available, t.not_processed, t.other, coalesce(t.results, b.results) AS results,
    t.carried_over, c.adds_up, coalesce(d.reconsiderations, b.reconsiderations) AS reconsiderations,
    coalesce(d.reconsiderations_corrected, b.reconsiderations_corrected) AS reconsiderations_corrected,
    coalesce(d.lawsuits, b.lawsuits) AS lawsuits, coalesce(d.lawsuits_corrected, b.lawsuits_corrected) AS lawsuits_corrected,
    CASE WHEN t.document_id IS NOT NULL OR d.document_id IS NOT NULL THEN 'since_2019'
        WHEN b.document_id IS NOT NULL THEN 'before_2019' END AS form
FROM reports r
LEFT JOIN totals t ON t.document_id = r.document_id
LEFT JOIN checked c ON c.document_id = r.document_id
LEFT JOIN disputes d ON d.document_id = r.document_id
LEFT JOIN before_2019 b ON b.document_id = r.document_id
WHERE r.report_type = 'disclosure';

-- Documents of each kind that an organ made, abolished or has in force (第二十条第（一）项), as the forms since 2019 ask; of
-- before, what was made. How many are public in all (2019 and 2020) is another number than how many are in force (since 2021).
CREATE VIEW disclosure_documents AS
SELECT f.document_id, f.publisher, f.division_code, f.level, f.report_year,
    CASE WHEN f.path[1] LIKE '%规范性文件%' THEN 'normative_document' ELSE 'rule' END AS kind,
    any_value(f.number) FILTER (f.column_name IN ('本年制发件数', '本年新制作数量')) AS made,
    any_value(f.number) FILTER (f.column_name = '本年废止件数') AS abolished,
    any_value(f.number) FILTER (f.column_name = '现行有效件数') AS in_force,
    any_value(f.number) FILTER (f.column_name = '对外公开总数量') AS public_in_all
FROM figures f
WHERE f.origin = 'table' AND f.table_name = 'proactive' AND (f.path[1] LIKE '%规范性文件%' OR f.path[1] LIKE '%规章%')
GROUP BY ALL
UNION ALL
SELECT s.document_id, s.publisher, s.division_code, s.level, s.report_year, 'normative_document',
    CASE WHEN count(DISTINCT s.number) = 1 THEN any_value(s.number) END, NULL, NULL, NULL
FROM disclosure_statistics s
ANTI JOIN (SELECT document_id FROM core_figures WHERE table_name = 'proactive') f ON f.document_id = s.document_id
WHERE s.item = 'normative_made'
GROUP BY s.document_id, s.publisher, s.division_code, s.level, s.report_year;
