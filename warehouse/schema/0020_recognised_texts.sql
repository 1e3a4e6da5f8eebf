-- Of a report whose text was recognised from pictures: how sure the engine was.
ALTER TABLE core_reports ADD COLUMN confidence DOUBLE;
