"""What goes into the warehouse beside batches: registry, amendments, what is derived of texts, the archive index."""
