"""The reader copy for a team: SQL over HTTP, each query within bounds, and the client that asks it."""
