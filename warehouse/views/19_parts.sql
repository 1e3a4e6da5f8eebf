-- What the parts of a report are called in the law that asks for them: 厅字〔2019〕28号 and 国办公开办函〔2021〕30号.
CREATE MACRO part_name(role) AS CASE role
    WHEN 'measures' THEN '主要举措和成效' WHEN 'shortcomings' THEN '存在的不足和原因'
    WHEN 'leaders_duty' THEN '党政主要负责人履行推进法治建设第一责任人职责' WHEN 'next_year' THEN '下一年度主要安排'
    WHEN 'overview' THEN '总体情况' WHEN 'proactive' THEN '主动公开政府信息情况'
    WHEN 'applications' THEN '收到和处理政府信息公开申请情况'
    WHEN 'review_litigation' THEN '政府信息公开行政复议、行政诉讼情况' WHEN 'problems' THEN '存在的主要问题及改进情况'
    WHEN 'other' THEN '其他' END;

-- Each part that the law asks for and a trusted report has no section for. A report whose text lies in a file lacks all.
CREATE VIEW missing_parts AS
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_type, r.report_year, m.role, part_name(m.role) AS part,
    r.text_length, r.attachments, r.title, r.url
FROM (SELECT *, unnest(missing_sections) AS role FROM reports) m JOIN reports r ON r.document_id = m.document_id;

-- How long a report is and how it is built. A sentence ends in 。！？; tables are no prose. White space is not counted.
CREATE VIEW readability AS
WITH parts AS (
    SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_type, r.report_year,
        length(translate(v."text", ' ' || chr(9) || chr(10) || chr(160) || chr(12288), '')) AS characters,
        length(v."text") - length(translate(v."text", '。！？', '')) AS sentences,
        list_filter(v.blocks, lambda b: b.kind = 'paragraph') AS paragraphs,
        len(list_filter(v.blocks, lambda b: b.kind = 'heading')) AS headings,
        coalesce(list_sum(list_transform(list_filter(v.blocks, lambda b: b.kind = 'table'), lambda b: b.length)), 0)
            AS in_tables,
        length(v."text") AS whole, r.tables
    FROM reports r JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
    WHERE v.text_length > 0
)
SELECT document_id, publisher, division_code, level, report_type, report_year, characters, len(paragraphs) AS paragraphs,
    headings, sentences, tables, in_tables / whole AS table_share,
    list_sum(list_transform(paragraphs, lambda b: b.length)) / nullif(sentences, 0) AS mean_sentence,
    list_sum(list_transform(paragraphs, lambda b: b.length)) / nullif(len(paragraphs), 0) AS mean_paragraph
FROM parts;
