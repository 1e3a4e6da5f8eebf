"""The warehouse written anew, without what deleted and replaced rows and many small loads leave behind.

DuckDB uses freed blocks again but gives none back, and VACUUM does not shrink a file (docs of DuckDB, VACUUM). So the
rows go into a new file, which then takes the place of the old one by a rename: whoever is killed on the way leaves
the old one as it was.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from warehouse.database import ATTACH_FOR_WRITING, CATALOG, attach, told_of_a_full_disk
from warehouse.errors import WarehouseError
from warehouse.migrate import migrate
from warehouse.postings import merge_postings
from warehouse.storage.durability import sync_folder
from warehouse.storage.literals import identifier, quoted
from warehouse.storage.lock import writer_lock
from warehouse.storage.transactions import transaction

WASTE: Final = 1 / 4
"""Share of a file's blocks that hold nothing from which a compaction is due."""
LEAST_BYTES: Final = 64 * 2**20
"""Smaller files are left as they are."""
_FRESH: Final = "fresh"
_TABLES: Final = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_oid"
# A word is looked for in few row groups where words stand in their order.
_ORDERED: Final = {"core_vocabulary": "ORDER BY token"}


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction did. Sizes are bytes."""

    before: int
    after: int
    seconds: float


def compaction_is_due(warehouse: Path) -> bool:
    """Whether a quarter of the file or more holds nothing. Raises what ``database.attach`` raises."""
    if not warehouse.exists() or warehouse.stat().st_size < LEAST_BYTES:
        return False
    with writer_lock(warehouse, "look at the size"):
        connection = attach(warehouse, read_only=True)
        try:
            ((total, free),) = connection.execute(
                "SELECT total_blocks, free_blocks FROM pragma_database_size() WHERE database_name = ?", [CATALOG]
            ).fetchall()
        finally:
            connection.close()
    return bool(free >= WASTE * total)


def compact_if_due(warehouse: Path, *, wait_seconds: float = 60.0) -> Compaction | None:
    """Write the warehouse anew where a quarter of it holds nothing; ``None`` where less does. Raises as the two do."""
    return compact(warehouse, wait_seconds=wait_seconds) if compaction_is_due(warehouse) else None


def compact(warehouse: Path, *, wait_seconds: float = 60.0) -> Compaction:
    """Write the warehouse anew, under the writer's lock. Needs the room of one more file beside it.

    Raises ``WarehouseBusyError`` after ``wait_seconds`` of another writer, ``WarehouseError`` where there is no
    warehouse or the new file does not hold what the old one does; the old one then stays.
    """
    if not warehouse.exists():
        raise WarehouseError(f"{warehouse} does not exist yet, so there is nothing to compact. Run: nianbao crawl")
    began = time.perf_counter()
    fresh = warehouse.with_name(f".{warehouse.name}.fresh")
    with writer_lock(warehouse, "compact", wait_seconds=wait_seconds):
        for left_behind in (fresh, _wal(fresh)):  # of one that was killed
            left_behind.unlink(missing_ok=True)
        connection = attach(warehouse, read_only=False)
        try:
            with told_of_a_full_disk(warehouse):
                migrate(connection)
                with transaction(connection):
                    merge_postings(connection, everything=True)
                _copy_all(connection, fresh)
        except BaseException:
            connection.close()
            fresh.unlink(missing_ok=True)
            _wal(fresh).unlink(missing_ok=True)
            raise
        connection.close()
        if _wal(warehouse).exists() or _wal(fresh).exists():
            raise WarehouseError(f"{_wal(warehouse)} was left by a checkpoint that did not end; nothing was replaced")
        before, after = warehouse.stat().st_size, fresh.stat().st_size
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        fresh.replace(warehouse)
        sync_folder(warehouse.parent)
    return Compaction(before, after, time.perf_counter() - began)


def _copy_all(connection: duckdb.DuckDBPyConnection, fresh: Path) -> None:
    """Every row of every table to a new file of this schema, and a look at whether they are all there."""
    connection.execute(f"ATTACH {quoted(str(fresh))} AS {_FRESH} ({ATTACH_FOR_WRITING})")
    connection.execute(f"USE {_FRESH}")
    migrate(connection)
    for (name,) in connection.execute(_TABLES, [CATALOG]).fetchall():
        table = identifier(name)
        connection.execute("BEGIN")
        # The names are those of this version's own tables.
        connection.execute(f"DELETE FROM {_FRESH}.{table}")  # noqa: S608  # what migrations put there
        connection.execute("COMMIT")
        connection.execute(f"INSERT INTO {_FRESH}.{table} BY NAME FROM {CATALOG}.{table} {_ORDERED.get(name, '')}")
        ((old, new),) = connection.execute(
            f"SELECT (SELECT count(*) FROM {CATALOG}.{table}), (SELECT count(*) FROM {_FRESH}.{table})"  # noqa: S608
        ).fetchall()
        if old != new:
            raise WarehouseError(f"{name} has {old} rows and {new} of them came over; the old file stays")
    connection.execute("CHECKPOINT fresh")
    connection.execute(f"USE {CATALOG}")
    connection.execute(f"DETACH {_FRESH}")


def _wal(database: Path) -> Path:
    return database.with_name(database.name + ".wal")
