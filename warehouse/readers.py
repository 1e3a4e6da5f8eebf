"""What analysts open: a read-only copy of the warehouse, replaced in one step, so that a query never waits for a load.

DuckDB lets one process write a file or many read it, never both. So the writer's file is checkpointed and copied
under the writer's lock (warehouse.storage.snapshot), and the copy takes the reader file's place by a rename: an open
query keeps the copy it began with, the next one sees the new.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import duckdb

from warehouse.batches.landing import LOADED
from warehouse.checks import CheckResult, last_load, run_checks
from warehouse.database import attach
from warehouse.errors import (
    ChecksFailedError,
    LostWarehouseError,
    NewerWarehouseError,
    NoReaderError,
    WarehouseError,
)
from warehouse.migrate import migrate
from warehouse.storage.lock import writer_lock
from warehouse.storage.snapshot import replace_by_snapshot


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
    stays as it was. So does ``LostWarehouseError``, where this is not the warehouse that the copy was made from.
    Raises ``WarehouseBusyError`` after ``wait_seconds`` of another writer, ``NoReaderError`` where there is no
    warehouse to copy.
    """
    if not warehouse.exists():
        raise NoReaderError(_nothing_yet(warehouse))
    began = time.perf_counter()
    reader.parent.mkdir(parents=True, exist_ok=True)
    with writer_lock(warehouse, "publish", wait_seconds=wait_seconds):
        connection = attach(warehouse, read_only=False)
        try:
            migrate(connection)
            checked_until = _checked_until(connection, warehouse, reader)
            found = [result for result in run_checks(connection, since=checked_until) if result.rows]
            failed = [result for result in found if result.check.severity == "error"]
            if failed:
                raise ChecksFailedError(
                    f"{reader} was left as it was, because checks found rows that must not be there: "
                    + "; ".join(f"{result.check.name} ({len(result.rows)}: {result.check.title})" for result in failed)
                    + ". Nothing is lost, and nothing new is seen until they are put right: nianbao checks "
                    "--unpublished shows them, docs/operating.md ('a check is broken') says what to do."
                )
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        # Inside the lock: nobody writes while the file is read.
        copied = replace_by_snapshot(warehouse, reader)
    return Published(reader, copied.size, copied.written, time.perf_counter() - began, tuple(found))


class PublicationPace:
    """When a loader that goes on loading should publish: at once where that is quick, never more than a share of the
    time. With a third, a copy that took half a second is followed by the next 1.5 s after it began, one that took 5 s
    after 15.
    """

    def __init__(self, share: float = 1 / 3, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._unseen = False
        self._not_before = 0.0

    def loaded(self) -> None:
        """There is something that readers do not see yet."""
        self._unseen = True

    def seconds_to_wait(self) -> float | None:
        """Until the next copy is to be made; ``None`` where there is nothing to publish."""
        return max(self._not_before - self._clock(), 0.0) if self._unseen else None

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Around a publication. One that fails is tried again no sooner than a copy of that length would be."""
        began = self._clock()
        self._unseen = False  # now and not at the end: what is loaded beside may not be in the copy
        try:
            yield
        except BaseException:
            self._unseen = True
            raise
        finally:
            self._not_before = began + (self._clock() - began) / self._share


def refuse_lost(warehouse: Path, reader: Path) -> None:
    """Raise ``LostWarehouseError`` where a copy is all that is left, before an empty warehouse is begun beside it."""
    if reader.exists() and not warehouse.exists():
        raise _lost(f"{warehouse} is gone, and {reader} was made from it", reader, warehouse)


def require_warehouse(warehouse: Path, reader: Path, landing: Path) -> None:
    """Raise ``LostWarehouseError`` where the warehouse is gone and a copy or batches of it are left, ``NoReaderError``
    where there was none yet: for whoever works on what is held and must not begin with nothing.
    """
    refuse_lost(warehouse, reader)
    if warehouse.exists():
        return
    if keeps_batches(landing):
        raise LostWarehouseError(
            f"{warehouse} is gone, and so is its reader copy. `nianbao archive rebuild` makes the warehouse anew from "
            f"the batches that are kept in {landing / LOADED}, and publishes it"
        )
    raise NoReaderError(_nothing_yet(warehouse))


def keeps_batches(landing: Path) -> bool:
    """Whether batches that were loaded are kept, of which a warehouse can be made anew."""
    return any((landing / LOADED).glob("*.parquet"))


def _nothing_yet(warehouse: Path) -> str:
    return f"{warehouse} does not exist yet: nothing was crawled here. Run: nianbao crawl"


def _lost(what: str, reader: Path, warehouse: Path) -> LostWarehouseError:
    return LostWarehouseError(
        f"{what}. `nianbao archive rebuild` makes the warehouse anew from the batches that are kept; where none are, "
        f"copy {reader} to {warehouse} first (docs/operating.md, 'back up and restore'). To begin anew all the same, "
        f"move {reader} away."
    )


_OLDEST_BATCHES: Final = "SELECT batch FROM raw_batches ORDER BY loaded_at, batch LIMIT 100"
_HELD: Final = "SELECT count(*) FROM raw_batches WHERE batch IN (SELECT unnest(?))"


def _checked_until(connection: duckdb.DuckDBPyConnection, warehouse: Path, reader: Path) -> datetime | None:
    """The newest load in the copy that readers have: it and all before it passed the checks. ``None``: nothing did.

    Raises ``LostWarehouseError`` where the warehouse holds nothing of what the copy holds: that copy may be all that is
    left of one that was lost, and one that was begun anew must not be put over it.
    """
    try:
        copy = attach(reader, read_only=True)
    except WarehouseError:  # none yet, or one that cannot be read and is written anew: everything is looked at
        return None
    try:
        oldest = [batch for (batch,) in copy.execute(_OLDEST_BATCHES).fetchall()]
        until = last_load(copy)
    finally:
        copy.close()
    if oldest and connection.execute(_HELD, [oldest]).fetchone() == (0,):
        raise _lost(f"{reader} was left as it was, since {warehouse} holds nothing of what it holds", reader, warehouse)
    return until


def open_reader(reader: Path) -> duckdb.DuckDBPyConnection:
    """The reader copy as it is now, read-only. Raises ``NoReaderError`` (with what to type) where there is none."""
    if not reader.exists():
        raise NoReaderError(
            f"there is no reader copy at {reader} yet. Run: nianbao crawl; one that goes on publishes soon"
        )
    try:
        return attach(reader, read_only=True)
    except NewerWarehouseError:
        raise
    except WarehouseError as error:
        raise WarehouseError(
            f"{error} If the reader copy is damaged, the next nianbao crawl writes it anew."
        ) from error
