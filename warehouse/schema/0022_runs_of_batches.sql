-- A run of which nothing is left but its batches has the kind that they state; those of before they did have none.
ALTER TABLE raw_runs ALTER kind DROP NOT NULL;
