"""What runs and people know and write beside the reports: runs, pages, what is wanted, decisions, the archive index."""
