-- How far back a listing reached that was asked for some years only: what lies before is not known to be absent.
ALTER TABLE raw_listings ADD COLUMN listed_since DATE;
