INSERT INTO raw_listings
SELECT batch, source_id, column_url, listed_at, listing.outcome, listing.detail, len(listing.rows), listing.pages_read,
    listing.pages_stated, listing.total_stated, listing.stopped_early, listing.unread_pages,
    CASE WHEN cardinality(listing.parameters) > 0 THEN listing.parameters END, listing.parameters_of,
    listing.since
FROM staged_listings;
