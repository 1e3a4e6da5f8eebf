-- What a site sent in place of the page that was asked for, so that an outcome can be checked without the archive.
ALTER TABLE raw_captures ADD COLUMN beginning VARCHAR;
