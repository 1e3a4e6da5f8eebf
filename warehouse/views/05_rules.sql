-- Host of an address in lower case, without its port.
CREATE MACRO host_of(url) AS lower(regexp_extract(url, '^[a-z]+://(?:[^/?#@]*@)?([^/?#:]+)', 1));

-- Arguments of macros. Anything but what is meant would silently find nothing, as if no report said it; or DuckDB would speak of
-- types that nobody has written. So a macro takes what can only mean one thing, and names everything else.
CREATE MACRO is_known_type("type") AS CASE WHEN "type"::VARCHAR NOT IN ('rule_of_law', 'disclosure') THEN
    error('type is rule_of_law or disclosure, not ' || "type"::VARCHAR) ELSE true END;

CREATE MACRO is_known_level("level") AS CASE
    WHEN "level"::VARCHAR NOT IN ('ministry', 'province', 'city', 'county', 'township', 'department', 'zone') THEN
        error('level is ministry, province, city, county, township, department or zone, not ' || "level"::VARCHAR)
    ELSE true END;

CREATE MACRO is_known_kind(kind) AS CASE
    WHEN kind::VARCHAR NOT IN ('count', 'rate', 'amount', 'change', 'duration', 'measure', 'score', 'ratio') THEN
        error('kind is count, rate, amount, change, duration, measure, score or ratio, not ' || kind::VARCHAR)
    ELSE true END;

-- A year as a number, of 2024, '2024', '2024年' and 2024.0; NULL of NULL.
CREATE MACRO as_year("year") AS CASE
    WHEN "year" IS NULL THEN NULL
    WHEN regexp_full_match("year"::VARCHAR, '\s*(19|20)[0-9]{2}(\.0|\s*年度?)?\s*')
        THEN try_cast(regexp_extract("year"::VARCHAR, '[0-9]{4}') AS INTEGER)
    ELSE error('year is one such as 2024, not ' || "year"::VARCHAR) END;

-- The same of one year or a list of them; there has to be one.
CREATE MACRO as_years("year") AS CASE
    WHEN coalesce("year"::VARCHAR, '[]') = '[]' THEN error('year is missing: 2024, or several, [2023, 2024]')
    ELSE list_transform(coalesce(try_cast("year"::VARCHAR AS VARCHAR[]), ["year"::VARCHAR]), lambda y: as_year(y)) END;

-- A day, of a date or a text that is one.
CREATE MACRO as_day(day) AS CASE WHEN try_cast(day::VARCHAR AS DATE) IS NULL
    THEN error('day is a date such as DATE ''2026-06-01'', not ' || coalesce(day::VARCHAR, 'NULL'))
    ELSE try_cast(day::VARCHAR AS DATE) END;

-- A list of texts, of a list or of one text.
CREATE MACRO as_list(several) AS CASE WHEN several IS NULL THEN NULL
    ELSE coalesce(try_cast(several AS VARCHAR[]), [several::VARCHAR]) END;

-- One text that is not empty.
CREATE MACRO as_text(said, what) AS CASE
    WHEN typeof(said) LIKE '%[]' THEN error(what || ' is one text, not a list: ' || said::VARCHAR)
    WHEN coalesce(trim(said::VARCHAR), '') = '' THEN error(what || ' is missing')
    ELSE said::VARCHAR END;

-- A number that has to be there, at least `least`.
CREATE MACRO as_number(given, least, what) AS CASE
    WHEN coalesce(try_cast(given::VARCHAR AS DOUBLE) < least, true)
        THEN error(what || ' is a number from ' || least::VARCHAR || ' on, not ' || coalesce(given::VARCHAR, 'NULL'))
    ELSE try_cast(given::VARCHAR AS DOUBLE) END;

-- Three checks in a row that say "gone": a site being rebuilt answers 404 for a day or two.
CREATE MACRO is_withdrawn(gone_checks) AS coalesce(gone_checks, 0) >= 3;

-- The last day of the law. Departments have until 31 January by the Regulations that hold since 15 May 2019 (第四十九条).
-- By those of before (国务院令第492号，第三十一条) every organ had until 31 March: so for the reports of 2018 and earlier.
CREATE MACRO due_on(report_type, report_year, "month", "day") AS CASE
    WHEN report_type = 'disclosure' AND report_year < 2019 AND "month" IS NOT NULL THEN make_date(report_year + 1, 3, 31)
    ELSE make_date(report_year + 1, "month", "day") END;
