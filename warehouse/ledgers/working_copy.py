"""The warehouse of a machine that only crawls: begun from the loader's copy, and what that does not hold yet on top.

Such a machine hands its batches over (``flows/shared_store/handing_over.py``). It keeps them until a copy of the
loader's warehouse has them: that copy is the receipt.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from warehouse.batches.landing import HANDED_OVER, LOADED
from warehouse.database import attach, writing
from warehouse.errors import WarehouseError
from warehouse.migrate import migrate
from warehouse.storage.durability import sync_folder
from warehouse.storage.instants import aware, kept
from warehouse.storage.literals import quoted
from warehouse.storage.lock import writer_lock

_RUN: Final = ("run_id", "kind", "parameters", "started_at", "finished_at", "state", "summary")
_INSTANTS: Final = ("started_at", "finished_at")


@dataclass(frozen=True, slots=True)
class Begun:
    """What came of a copy."""

    received: int
    """Batches that the copy holds: their files were removed here."""
    landed_again: int
    """Batches that it does not hold: they wait in the landing folder for the load into this warehouse."""


def begin_from(copy: Path, warehouse: Path, landing: Path) -> Begun:
    """Put ``copy``, which is used up, in the place of ``warehouse``, and land again each kept batch that it lacks.

    The caller then loads what has landed. Runs of this machine that the copy does not know come over; runs that go on
    elsewhere are left out of it. Killed at any point, the next call with the same copy gives the same. Raises as
    ``database.writing`` does; ``warehouse`` is what it was then.
    """
    with writer_lock(warehouse, "begin from the loader's copy"):
        if warehouse.exists():
            former = attach(warehouse, read_only=False)
            try:
                migrate(former)
                former.execute("CHECKPOINT")
            finally:
                former.close()
        connection = attach(copy, read_only=False)
        try:
            migrate(connection)
            received = dict(connection.execute("SELECT batch, digest FROM raw_batches").fetchall())
            connection.execute("DELETE FROM raw_runs WHERE state = 'running'")
            if warehouse.exists():
                connection.execute(f"ATTACH {quoted(str(warehouse))} AS former (READ_ONLY)")
                connection.execute(
                    "INSERT INTO raw_runs BY NAME FROM former.raw_runs f ANTI JOIN raw_runs r ON r.run_id = f.run_id"
                )
                connection.execute("DETACH former")
            connection.execute("CHECKPOINT")
        finally:
            connection.close()
        for database in (warehouse, copy):
            if database.with_name(database.name + ".wal").exists():
                raise WarehouseError(f"{database}.wal was left by a checkpoint that did not end; nothing was replaced")
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        copy.replace(warehouse)
        sync_folder(warehouse.parent)
        removed = again = 0
        for path in _kept(landing):
            name, _, digest = path.stem.rpartition(".")
            if received.get(name, "").startswith(f"sha256:{digest}"):
                path.unlink()
                removed += 1
            else:
                path.replace(landing / path.name)
                again += 1
    return Begun(removed, again)


def _kept(landing: Path) -> list[Path]:
    return [path for folder in (LOADED, HANDED_OVER) for path in sorted((landing / folder).glob("*.parquet"))]


def run_record(warehouse: Path, run_id: str) -> str:
    """A run as JSON, to be read elsewhere by :func:`read_run`. Raises ``KeyError`` for one that is unknown."""
    with writing(warehouse, "read a run") as connection:
        row = connection.execute(
            f"SELECT {', '.join(_RUN)} FROM raw_runs WHERE run_id = ?",  # noqa: S608  # this module's own words
            [run_id],
        ).fetchone()
    if row is None:
        raise KeyError(f"run {run_id!r} was never started: call start_run first")
    record = dict(zip(_RUN, row, strict=True))
    for name in _INSTANTS:
        moment = aware(record[name])
        record[name] = None if moment is None else moment.isoformat()
    return json.dumps(record, ensure_ascii=False)


def read_run(text: str) -> Mapping[str, Any] | None:
    """What :func:`run_record` wrote; ``None`` for a text that it cannot have written."""
    try:
        record = json.loads(text)
        return {
            name: kept(datetime.fromisoformat(record[name]))
            if name in _INSTANTS and record[name] is not None
            else record[name]
            for name in _RUN
        }
    except (ValueError, KeyError, TypeError):
        return None


def take_in_run(warehouse: Path, record: Mapping[str, Any]) -> None:
    """Record a run of another machine, as :func:`read_run` gives it. Twice changes nothing."""
    updates = ", ".join(f"{name} = excluded.{name}" for name in _RUN[1:])
    with writing(warehouse, "take in a run") as connection:
        connection.execute(
            f"INSERT INTO raw_runs ({', '.join(_RUN)}) VALUES (?, ?, ?, ?, ?, ?, ?) "  # noqa: S608  # its own words
            f"ON CONFLICT (run_id) DO UPDATE SET {updates}",
            [record[name] for name in _RUN],
        )
