"""One transaction of the warehouse, undone whatever ends it, and ended with the error that ended it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block did, or undo it and raise what went wrong.

    A commit that fails has ended its transaction (DuckDB, where the disk is full): undoing it once more fails in its
    turn, and that error would hide the one that says why.
    """
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):
            connection.execute("ROLLBACK")
        raise
