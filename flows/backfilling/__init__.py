"""A backfill as plain functions: what can be asked, what it would take, and the slices by which it is done."""
