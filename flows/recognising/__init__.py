"""Texts of scans, file by file: what can be asked, and the run."""
