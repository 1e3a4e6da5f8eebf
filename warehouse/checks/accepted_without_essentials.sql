-- severity: warn
-- title: accepted reports without publisher, year, type or title
SELECT document_id, url, publisher, report_year, report_type, title FROM core_reports
WHERE state = 'accepted' AND (publisher IS NULL OR report_year IS NULL OR report_type IS NULL OR title IS NULL);
