-- severity: warn
-- title: trusted reports with a text that search cannot find, because nobody counted its words
SELECT r.document_id, r.url, r."version", r.text_length FROM core_reports r
ANTI JOIN core_words w ON w.document_id = r.document_id AND w."version" = r."version"
WHERE r.state = 'accepted' AND r.text_length > 0 AND EXISTS (FROM core_words);
