-- A merge of large runs goes on over several loads: which run the others are being merged into.
ALTER TABLE core_posting_runs ADD COLUMN into_run INTEGER;
