-- severity: warn
-- title: reports dated later than they were read
-- A day more than UTC has, for China is ahead of it.
SELECT document_id, url, published, last_read_at FROM core_reports
WHERE state = 'accepted' AND published > last_read_at::DATE + 1;
