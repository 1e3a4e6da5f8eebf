-- Names of division codes. A code has one row a name it bore, with the calendar years: 杭州's districts of 2020 and of 2021.
CREATE VIEW divisions AS
SELECT code, "name", short_name, level, parent_code, valid_from, valid_to FROM core_divisions;

-- Whether a name held in a year; without a year, whether it holds today.
CREATE MACRO holds_in("year", valid_from, valid_to) AS
    CASE WHEN "year" IS NULL THEN valid_to IS NULL
        ELSE coalesce(valid_from <= "year", true) AND coalesce(valid_to >= "year", true) END;

-- Where each trusted report comes from, by the names of its report year; a zone or other body without a code of its own by
-- the division it lies in. A county that its province governs itself has no city, as the four municipalities have none.
CREATE VIEW report_places AS
WITH places AS (
    SELECT DISTINCT coalesce(division_code, parent_division_code) AS code, report_year FROM reports
),
named AS (
    SELECT p.code, p.report_year,
        arg_max(d."name", coalesce(d.valid_from, 0)) FILTER (d.code = left(p.code, 2) || '0000') AS province,
        arg_max(d."name", coalesce(d.valid_from, 0))
            FILTER (d.code = left(p.code, 4) || '00' AND d.level = 'city') AS city,
        arg_max(d."name", coalesce(d.valid_from, 0)) FILTER (d.code = p.code AND d.level = 'county') AS county
    FROM places p JOIN core_divisions d
        ON d.code IN (p.code, left(p.code, 4) || '00', left(p.code, 2) || '0000')
        AND holds_in(p.report_year, d.valid_from, d.valid_to)
    GROUP BY p.code, p.report_year
)
SELECT r.document_id, r.publisher, r.level, r.report_type, r.report_year,
    coalesce(r.division_code, r.parent_division_code) AS place_code, n.province, n.city, n.county
FROM reports r
LEFT JOIN named n ON n.code = coalesce(r.division_code, r.parent_division_code)
    AND n.report_year IS NOT DISTINCT FROM r.report_year;
