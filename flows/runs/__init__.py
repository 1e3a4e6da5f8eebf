"""What every run has, whatever it does: a name, a lock, an ending, retries, progress, and words to show it in."""
