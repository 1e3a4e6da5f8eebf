-- What a cell prints, in ASCII and without separators and spaces: ３３，４２０ 万元 is 33420万元.
CREATE MACRO plain_cell(printed) AS
    regexp_replace(translate(printed, '０１２３４５６７８９．，－', '0123456789.,-'), '[,\s\x{3000}]', '', 'g');

-- Every number a trusted report gives: cells of the statutory tables of disclosure reports, and numbers in running text with
-- their unit and what they count. The statutory tables count 件, in the columns of items 项 and in those of money what they
-- or the cell itself say; the form of before 2019 names its units row by row, in a column of its own. A cell of full-width
-- digits or with its unit is a number as well.
CREATE VIEW figures AS
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_year, f.table_name, f.path, f.column_name, f.printed,
    coalesce(f.number, try_cast(
        regexp_extract(plain_cell(f.printed), '^(-?\d+(?:\.\d+)?)(?:[亿万]?元|[件条项宗次个人])?$', 1) AS DOUBLE)) AS number,
    f."position", r.report_type, 'table' AS origin,
    CASE
        WHEN f.table_name = 'statistics' THEN NULL
        WHEN f.number IS NULL AND regexp_matches(plain_cell(f.printed), '^-?[\d.]+[亿万]?元$')
            THEN regexp_extract(f.printed, '[亿万]?元')
        WHEN contains(f.column_name, '万元') THEN '万元'
        WHEN contains(f.column_name, '金额') THEN NULL
        WHEN f.column_name IN ('上一年项目数量', '本年增/减', '采购项目数量') THEN '项'
        ELSE '件'
    END AS unit,
    CASE WHEN contains(unit, '元') THEN 'amount' WHEN unit IS NOT NULL THEN 'count' END AS kind,
    array_to_string(list_append(f.path, f.column_name), ' / ') AS counted, NULL::VARCHAR AS approximate,
    NULL::VARCHAR AS clause, NULL::VARCHAR AS role
FROM reports r JOIN core_figures f ON f.document_id = r.document_id AND f."version" = r."version"
UNION ALL
SELECT r.document_id, r.publisher, r.division_code, r.level, r.report_year, NULL, NULL, NULL, q.printed, q.number,
    q."position", r.report_type, 'text', q.unit, q.kind, q.counted, q.approximate, q.clause, s.role
FROM reports r
JOIN core_quantities q ON q.document_id = r.document_id AND q."version" = r."version"
-- A heading that names two parts (存在的问题及下一步打算) opens both over the same blocks: a number there is one all the same, and
-- has the role of the first. What of it is planned, `counted` says.
LEFT JOIN (
    SELECT document_id, "version", first_block, last_block, arg_min(role, "position") AS role
    FROM core_sections GROUP BY document_id, "version", first_block, last_block
) s ON s.document_id = q.document_id AND s."version" = q."version" AND q."block" BETWEEN s.first_block AND s.last_block;

-- Whether a number is where a comparison starts from, another year's: 出庭应诉率由上年的92%提高到98%. What it counts then ends in
-- 由, 从 or 自 (and not in 理由, 服从, 来自), or in a year that such a word, or 较, 比, 在 leads to; or it begins with the year
-- before (去年收到行政复议申请), unless it was carried over from there.
CREATE MACRO is_earlier_value(counted) AS regexp_matches(counted,
    '([^理事案缘来自]由|[^服依听遵]从|[^来各亲独]自|([由从自较比在与]|相比)(上一?年度?|上年末|去年|前年|往年|[0-9]{4}年度?末?|.{1,2}年前)(同期)?)$')
    OR (regexp_matches(counted, '^(上一?年度?|去年|前年)') AND NOT contains(counted, '结转'));

-- What a clause says up to a number, without what it says in brackets.
CREATE MACRO said_before(clause, printed) AS regexp_replace(
    substring(clause, 1, greatest(position(printed IN clause) - 1, 0)), '《[^》]*》|（[^（）]*）|\([^()]*\)', '', 'g');

-- Whether a number is said of a year other than the report's: 2022年收到行政复议申请280件，2023年收到300件. Its clause then begins
-- with that year, and nothing rose or fell since, or was held ever since; or the year leads to the number: 出庭应诉率2022年为89%.
CREATE MACRO is_of_another_year(said, year_of_report) AS coalesce(
    try_cast(coalesce(
        nullif(regexp_extract(said, '((?:19|20)[0-9]{2})年(?:度|末|底)?(?:全年|共|则|仅|只)?(?:为|是|达到?|有)?$', 1), ''),
        CASE WHEN NOT regexp_matches(said,
                '提[高升]|[上攀]升|升[至到]|增[长加至到]|下降|[降减][至到低少]|回落|以来.*(保持|连续|始终|稳定|均)')
            THEN nullif(regexp_extract(said, '^(?:其中|而|[在自从仅])?((?:19|20)[0-9]{2})年', 1), '') END
    ) AS INTEGER) <> year_of_report, false);

-- Whether a number is what is aimed at, or was not reached: 目标出庭应诉率95%, 出庭应诉率力争达到98%, 出庭应诉率未达到100%. 确保 is
-- said of what was reached as well.
CREATE MACRO is_goal(counted) AS regexp_matches(counted, '^(预期)?目标[^任责]|目标值?$|(力争|争取)|未$|^将|^拟[^定制订稿]|^计划');

-- Whether a number is a sum over more than the report's year: 累计办理案件1200件, where nothing says 全年 or 今年; 自2016年以来共收到申请1280件;
-- 近三年. What began in the report's year itself (2023年以来, in the report of 2023) is that year's, and so is what grew or held.
CREATE MACRO is_cumulative(counted, year_of_report) AS coalesce(CASE
    WHEN regexp_matches(counted, '提[高升]|[上攀]升|升[至到]|增[长加至到]|下降|[降减][至到低少]|回落|保持|连续|稳定') THEN false
    WHEN regexp_matches(counted, '^[由从自]?(?:19|20)[0-9]{2}年(?:度|初|1月)?(?:以来|至今)')
        THEN try_cast(regexp_extract(counted, '(?:19|20)[0-9]{2}') AS INTEGER) <> year_of_report
    ELSE regexp_matches(counted, '^(累计|历年|近年来|(19|20)[0-9]{2}年?([—–~～-]|至|到)|.{0,18}(以来|至今)|'
        || '(近|过去|最近)?(几|多|数|[两二三四五六七八九十]{1,2}|[0-9]{1,2})年(来|间)|(近|过去|最近)(几|[两二三四五六七八九十]|[0-9]{1,2})年)')
    END, false);

-- A unit as figures have it.
CREATE MACRO as_unit(unit) AS translate(trim(unit::VARCHAR), '％', '%');

-- What each trusted report says in its text of one thing (`about` stands in what the number counts): the first number, and how
-- many there are. Plans for the year to come and goals are no results, a rise is no level, what a rise started from is another
-- year's, and a sum over several years is no year's, so none of them counts. Reports that say nothing of it are rows too, with NULL.
CREATE MACRO figure_panel(about, unit := NULL, kind := NULL, "type" := NULL) AS TABLE
WITH said AS (
    SELECT f.document_id, count(*) AS statements,
        arg_min({'number': f.number, 'unit': f.unit, 'counted': f.counted, 'clause': f.clause}, f."position") AS chosen,
        min(f.number) AS least, max(f.number) AS greatest
    FROM figures f
    WHERE f.origin = 'text' AND contains(f.counted, as_text(about, 'about')) AND (unit IS NULL OR f.unit = as_unit(unit))
        AND coalesce(f.kind = kind::VARCHAR, f.kind <> 'change') AND f.role IS DISTINCT FROM 'next_year'
        AND NOT is_earlier_value(f.counted) AND NOT is_goal(f.counted)
        -- A rate is none of a sum: 自2019年以来出庭应诉率保持在99%.
        AND NOT (f.kind IN ('count', 'amount') AND is_cumulative(f.counted, f.report_year))
        AND NOT is_of_another_year(said_before(f.clause, f.printed), f.report_year)
    GROUP BY f.document_id
)
SELECT r.publisher, r.level, r.division_code, r.report_type, r.report_year, s.chosen.number AS number, s.chosen.unit AS unit,
    s.chosen.counted AS counted, coalesce(s.statements, 0) AS statements, s.least, s.greatest, s.chosen.clause AS clause,
    r.document_id
FROM reports r LEFT JOIN said s ON s.document_id = r.document_id
WHERE CASE WHEN is_known_type("type") AND is_known_kind(kind) THEN "type" IS NULL OR r.report_type = "type"::VARCHAR END
    AND (unit IS NULL OR (SELECT CASE
        WHEN count(*) > 0 AND count(*) FILTER (q.unit = as_unit(unit)) = 0
            THEN error('no figure has the unit ' || unit::VARCHAR || ': SELECT DISTINCT unit FROM figures shows those that there are')
        ELSE true END FROM core_quantities q));
