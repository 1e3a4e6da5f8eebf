"""What analysts open: a read-only copy of the warehouse, replaced in one step, so that a query never waits for a load.

DuckDB lets one process write a file or many read it, never both. So the writer's file is checkpointed and copied
under the writer's lock, and the copy takes the reader file's place by a rename: an open query keeps the copy it
began with, the next one sees the new.
"""

from __future__ import annotations

import glob
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.checks import CheckResult, run_checks
from warehouse.database import attach, writing
from warehouse.errors import ChecksFailedError, NewerWarehouseError, NoReaderError, WarehouseError


@dataclass(frozen=True, slots=True)
class Published:
    """A reader copy that took its place."""

    path: Path
    size: int
    """Bytes."""
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
    temporary = reader.with_name(f".{reader.name}.{os.getpid()}.tmp")
    try:
        with writing(warehouse, "publish", wait_seconds=wait_seconds) as connection:
            # Only a holder of the lock makes copies, so what lies there is of one that was killed.
            for left_behind in reader.parent.glob(f".{glob.escape(reader.name)}.*.tmp"):
                left_behind.unlink()
            found = [result for result in run_checks(connection) if result.rows]
            failed = [result for result in found if result.check.severity == "error"]
            if failed:
                raise ChecksFailedError(
                    f"{reader} was left as it was, because checks found rows that must not be there: "
                    + "; ".join(f"{result.check.name} ({len(result.rows)}: {result.check.title})" for result in failed)
                )
            connection.execute("CHECKPOINT")
            # Inside the lock: nobody writes while the file is read. The connection is read from no more.
            shutil.copyfile(warehouse, temporary)
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            # A reader copy is for reading: clients that open files for writing by default get an error instead of a
            # lock.
            temporary.chmod(0o444)
            size = temporary.stat().st_size
            temporary.replace(reader)
    finally:
        temporary.unlink(missing_ok=True)
    return Published(reader, size, time.perf_counter() - began, tuple(found))


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
