"""The archive read anew, piece by piece: what can be asked, the run, and what would change."""
