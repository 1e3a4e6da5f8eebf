-- severity: warn
-- title: reports published before the year they are about was over, or more than five years after it
SELECT document_id, url, report_year, published FROM core_reports
WHERE state = 'accepted' AND (published < make_date(report_year, 11, 1) OR published > make_date(report_year + 6, 1, 1));
