"""Batches of records on their way in: as a file has them, as Arrow has them, and as checked rows of each kind."""
