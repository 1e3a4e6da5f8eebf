"""What analysts open: a read-only copy of the warehouse, replaced in one step, so that a query never waits for a load.

DuckDB lets one process write a file or many read it, never both. So the writer's file is checkpointed and copied
under the writer's lock (warehouse.snapshot), and the copy takes the reader file's place by a rename: an open query
keeps the copy it began with, the next one sees the new.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.checks import CheckResult, run_checks
from warehouse.database import attach
from warehouse.errors import ChecksFailedError, NewerWarehouseError, NoReaderError, WarehouseError
from warehouse.lock import writer_lock
from warehouse.migrate import migrate
from warehouse.snapshot import replace_by_snapshot


@dataclass(frozen=True, slots=True)
class Published:
    """A reader copy that took its place."""

    path: Path
    size: int
    """Bytes."""
    written: int
    """Bytes of it that had to be written: those of the blocks that changed since the copy before last."""
    seconds: float
    warnings: tuple[CheckResult, ...]
    """Checks of severity ``warn`` that found rows."""


def publish(warehouse: Path, reader: Path, *, wait_seconds: float = 60.0) -> Published:
    """Copy the warehouse to ``reader`` as of now, atomically.

    Checks run first: one of severity ``error`` that finds rows raises ``ChecksFailedError``, and the reader copy
    stays as it was. Raises ``WarehouseBusyError`` after ``wait_seconds`` of another writer, ``NoReaderError`` where
    there is no warehouse to copy.
    """
    if not warehouse.exists():
        raise NoReaderError(f"{warehouse} does not exist yet, so there is nothing to publish. Run: nianbao crawl")
    began = time.perf_counter()
    reader.parent.mkdir(parents=True, exist_ok=True)
    with writer_lock(warehouse, "publish", wait_seconds=wait_seconds):
        connection = attach(warehouse, read_only=False)
        try:
            migrate(connection)
            found = [result for result in run_checks(connection) if result.rows]
            failed = [result for result in found if result.check.severity == "error"]
            if failed:
                raise ChecksFailedError(
                    f"{reader} was left as it was, because checks found rows that must not be there: "
                    + "; ".join(f"{result.check.name} ({len(result.rows)}: {result.check.title})" for result in failed)
                )
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        # Inside the lock: nobody writes while the file is read.
        copied = replace_by_snapshot(warehouse, reader)
    return Published(reader, copied.size, copied.written, time.perf_counter() - began, tuple(found))


def open_reader(reader: Path) -> duckdb.DuckDBPyConnection:
    """The reader copy as it is now, read-only. Raises ``NoReaderError`` (with what to type) where there is none."""
    if not reader.exists():
        raise NoReaderError(f"there is no reader copy at {reader} yet. Run: nianbao crawl (it publishes at its end)")
    try:
        return attach(reader, read_only=True)
    except NewerWarehouseError:
        raise
    except WarehouseError as error:
        raise WarehouseError(
            f"{error} If the reader copy is damaged, the next nianbao crawl writes it anew."
        ) from error
