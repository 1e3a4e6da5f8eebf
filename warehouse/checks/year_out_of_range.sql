-- severity: warn
-- title: reports about a year before 2004, when the first of them were called for, or one not over when they were read
-- 《全面推进依法行政实施纲要》（国发〔2004〕10号）、《政府信息公开条例》（2007年）.
SELECT document_id, url, report_year, report_year_reason, last_read_at FROM core_reports
WHERE state = 'accepted' AND (report_year < 2004 OR report_year > year(last_read_at));
