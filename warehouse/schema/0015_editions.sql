-- Which of the reports of a place and year a document is. Unknown for what was read before anybody asked.
ALTER TABLE core_reports ADD COLUMN edition VARCHAR;
ALTER TABLE core_reports ADD COLUMN edition_reason VARCHAR;
