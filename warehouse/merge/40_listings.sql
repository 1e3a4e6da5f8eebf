INSERT INTO raw_listings
SELECT batch, source_id, column_url, listed_at, listing.outcome, listing.detail, len(listing.rows), listing.pages_read,
    listing.pages_stated, listing.total_stated, listing.stopped_early, listing.unread_pages
FROM staged_listings;
