-- Host of an address in lower case, without its port.
CREATE MACRO host_of(url) AS lower(regexp_extract(url, '^[a-z]+://(?:[^/?#@]*@)?([^/?#:]+)', 1));

-- Whether a named argument is one that there is. Anything else would silently find nothing, as if no report said it.
CREATE MACRO is_known_type("type") AS CASE WHEN "type" NOT IN ('rule_of_law', 'disclosure') THEN
    error('type is rule_of_law or disclosure, not ' || "type") ELSE true END;

CREATE MACRO is_known_level("level") AS CASE
    WHEN "level" NOT IN ('ministry', 'province', 'city', 'county', 'township', 'department', 'zone') THEN
        error('level is ministry, province, city, county, township, department or zone, not ' || "level")
    ELSE true END;

CREATE MACRO is_known_kind(kind) AS CASE
    WHEN kind NOT IN ('count', 'rate', 'amount', 'change', 'duration', 'measure', 'score', 'ratio') THEN
        error('kind is count, rate, amount, change, duration, measure, score or ratio, not ' || kind)
    ELSE true END;

-- Three checks in a row that say "gone": a site being rebuilt answers 404 for a day or two.
CREATE MACRO is_withdrawn(gone_checks) AS coalesce(gone_checks, 0) >= 3;

-- The last day of the law. Departments have until 31 January by the Regulations that hold since 15 May 2019 (第四十九条).
-- By those of before (国务院令第492号，第三十一条) every organ had until 31 March: so for the reports of 2018 and earlier.
CREATE MACRO due_on(report_type, report_year, "month", "day") AS CASE
    WHEN report_type = 'disclosure' AND report_year < 2019 AND "month" IS NOT NULL THEN make_date(report_year + 1, 3, 31)
    ELSE make_date(report_year + 1, "month", "day") END;
