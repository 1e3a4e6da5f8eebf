"""What follows a publication: its artifacts, the digest, and what operators are told without asking."""
