"""Several machines over one bucket or mounted folder: what crawlers hand over, and what the loader takes in."""
