-- severity: warn
-- title: sources of which the coverage ledger has a type and year twice
SELECT source_id, publisher, report_type, report_year, count(*) AS times, list(state) AS states
FROM coverage GROUP BY ALL HAVING count(*) > 1;
