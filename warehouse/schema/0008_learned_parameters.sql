-- What a column's page stated of its list, so that the list itself can be asked the next time.
ALTER TABLE raw_listings ADD COLUMN parameters MAP(VARCHAR, VARCHAR);
ALTER TABLE raw_listings ADD COLUMN parameters_of VARCHAR;
