-- severity: warn
-- title: disclosure reports whose application table breaks its own check (new + carried in = results + carried over)
-- scope: loaded
-- The law's form states it under the table: 第一项加第二项之和，等于第三项加第四项之和 (reports.md 2.3).
WITH cells AS (
    SELECT f.document_id, f."version", f.column_name, f.number,
        CASE
            WHEN f.path[1] LIKE '一、%' THEN 'new'
            WHEN f.path[1] LIKE '二、%' THEN 'carried_in'
            WHEN f.path[1] LIKE '三、%' AND f.path[len(f.path)] LIKE '%总计%' THEN 'results'
            WHEN f.path[1] LIKE '四、%' THEN 'carried_over'
        END AS item
    FROM (FROM core_figures SEMI JOIN documents_to_check USING (document_id)) f
    JOIN core_reports r ON r.document_id = f.document_id AND r."version" = f."version"
    WHERE f.table_name = 'applications' AND r.state = 'accepted'
),
sums AS (
    SELECT document_id, column_name,
        any_value(number) FILTER (item = 'new') AS new, any_value(number) FILTER (item = 'carried_in') AS carried_in,
        any_value(number) FILTER (item = 'results') AS results,
        any_value(number) FILTER (item = 'carried_over') AS carried_over
    FROM cells WHERE item IS NOT NULL GROUP BY document_id, column_name
)
SELECT * FROM sums WHERE new + carried_in <> results + carried_over;
