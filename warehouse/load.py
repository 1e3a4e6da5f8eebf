"""The only writer: batch files from the landing folder into the warehouse, each exactly once.

A load merges any number of pending batches in one transaction, together with their rows in ``raw_batches``: a load
without its marker did not happen. Files move to ``landing/loaded/`` after the commit; a file whose marker is there
already (the process was killed in between) only moves.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from warehouse.batches.landing import LOADED, REJECTED, BatchFile, pending, read_landed, set_aside, take_in
from warehouse.batches.staging import stage, unstage
from warehouse.database import writing
from warehouse.errors import UnreadableBatchError
from warehouse.postings import merge_postings, postings_brought
from warehouse.storage.instants import kept
from warehouse.storage.transactions import transaction

_HERE: Final = Path(__file__).parent
_BYTES_A_TRANSACTION: Final = 48 * 2**20
"""Of compressed batch files; bounds the memory of one merge to roughly ten times as much."""
_BYTES_WORTH_ALL_CORES: Final = 7 * 2**20
"""Of compressed batch files, about 600 reports. Fewer load as fast on one core (100: 0.43 s on one, 0.44 s on two) for
three quarters of the time of processors, and leave the others to crawlers and readers."""


@dataclass(frozen=True, slots=True)
class RejectedBatch:
    """A file that could not be loaded, and where it lies now."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What one call of ``load_pending`` did. Counts are of rows merged, not of rows in the warehouse."""

    batches: int = 0
    already_loaded: int = 0
    """Files whose batch had been committed before; they were only moved."""
    candidates: int = 0
    listings: int = 0
    captures: int = 0
    reports: int = 0
    new_reports: int = 0
    """Documents that were not held before."""
    new_versions: int = 0
    """Versions after a document's first: the text changed, or is read differently."""
    rejected_rows: int = 0
    rejected_batches: tuple[RejectedBatch, ...] = ()
    seconds: float = 0.0


def load_pending(
    warehouse: Path, landing: Path, *, now: datetime | None = None, wait_seconds: float = 60.0
) -> LoadResult:
    """Load every pending batch of ``landing`` into ``warehouse`` (made and migrated as needed).

    Does not open the warehouse when nothing is pending. Raises ``WarehouseBusyError`` after ``wait_seconds`` of another
    writer, and what ``database.writing`` raises; the files of an unfinished transaction stay pending.
    """
    began = time.perf_counter()
    result = LoadResult()
    if not pending(landing):
        return result
    with writing(warehouse, "load", wait_seconds=wait_seconds) as connection:
        # Listed again under the lock: another loader may have taken some in the meantime.
        for group in _groups(pending(landing)):
            few = sum(path.stat().st_size for path in group) < _BYTES_WORTH_ALL_CORES
            connection.execute("SET threads = 1" if few else "RESET threads")
            result = _load_group(connection, group, result, now or datetime.now(UTC))
    return replace(result, seconds=time.perf_counter() - began)


def merge_scripts() -> tuple[tuple[str, str], ...]:
    """Name and SQL of each file in ``merge/``, in the order in which they run."""
    scripts = sorted((_HERE / "merge").iterdir(), key=lambda entry: entry.name)
    return tuple((entry.name, entry.read_text(encoding="utf-8")) for entry in scripts if entry.name.endswith(".sql"))


def _groups(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Files in their order, in groups of one transaction each. No group has two runs of one source: what a run found is
    merged knowing what the one before it left, also where both come at once, as when a lost warehouse is made anew."""
    group: list[Path] = []
    run_of: dict[str, str] = {}
    size = 0
    for path in paths:
        length = path.stat().st_size
        run, _, rest = path.stem.partition("@")
        source = rest.rpartition("@")[0]
        if group and (size + length > _BYTES_A_TRANSACTION or run_of.get(source, run) != run):
            yield group
            group, size, run_of = [], 0, {}
        group.append(path)
        size += length
        run_of[source] = run
    if group:
        yield group


def _load_group(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], result: LoadResult, now: datetime
) -> LoadResult:
    batches: list[tuple[Path, BatchFile]] = []
    known = dict(connection.execute("SELECT batch, digest FROM raw_batches").fetchall())
    for path, read in _read_all(paths, known):
        try:
            batch = _unless_known(path, read(), known)
        except UnreadableBatchError as error:
            rejected = _reject(connection, path, str(error), now)
            result = replace(result, rejected_batches=(*result.rejected_batches, rejected))
            continue
        if batch is None:
            set_aside(path, LOADED)
            result = replace(result, already_loaded=result.already_loaded + 1)
        else:
            known[batch.name] = batch.digest
            batches.append((path, batch))
    if not batches:
        return result
    merged = _merge(connection, [batch for _, batch in batches], now)
    for path, _ in batches:
        set_aside(path, LOADED)
    return replace(
        result,
        batches=result.batches + len(batches),
        **{name: getattr(result, name) + count for name, count in merged.items()},
    )


def _read_all(paths: Sequence[Path], known: Mapping[str, str]) -> Iterator[tuple[Path, Callable[[], BatchFile | None]]]:
    """Each path with what gives its batch, ``None`` for one that is known, or raises why it cannot be read.

    Files are read side by side.
    """
    with ThreadPoolExecutor(thread_name_prefix="read-batch") as pool:
        reading = [(path, pool.submit(_read, path, known)) for path in paths]
        for path, future in reading:
            yield path, future.result


def _read(path: Path, known: Mapping[str, str]) -> BatchFile | None:
    """``None`` for a file that is known by its name and digest already: its rows are not looked at."""
    file = take_in(path)
    if file.name is not None and known.get(file.name) == file.digest:
        return None
    return read_landed(file)


def _unless_known(path: Path, batch: BatchFile | None, known: Mapping[str, str]) -> BatchFile | None:
    """``None`` for a batch that was loaded before, or stands in another file of its group."""
    if batch is None or batch.name not in known:
        return batch
    if known[batch.name] == batch.digest:
        return None
    raise UnreadableBatchError(
        f"{path}: a batch of this name with other content was loaded before, or lies there too. Write its rows again "
        "under a fresh run id."
    )


def _merge(connection: duckdb.DuckDBPyConnection, batches: Sequence[BatchFile], now: datetime) -> dict[str, int]:
    """Stage and merge ``batches`` in one transaction; the counts are named as in ``LoadResult``."""
    try:
        with transaction(connection):
            stage(connection, batches, now)
            for name, sql in merge_scripts():
                try:
                    connection.execute(sql)
                except duckdb.Error as error:
                    error.add_note(f"in warehouse/merge/{name}")
                    raise
            merge_postings(connection, postings_brought(connection))
            _mark(connection, batches, now)
            counts = _counts(connection)
            drop_temporary(connection)
    finally:
        unstage(connection)
    return counts


def drop_temporary(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop what a merge has made: temporary tables belong to the connection, and the next one starts afresh."""
    for (table,) in connection.execute(_TEMPORARY).fetchall():
        connection.execute(f"DROP TABLE temp.{table}")


_TEMPORARY: Final = "SELECT table_name FROM duckdb_tables() WHERE temporary"
_COUNTS: Final = """
SELECT
    (SELECT count(*) FROM staged_candidates),
    (SELECT count(*) FROM staged_listings),
    (SELECT count(*) FROM staged_captures),
    (SELECT count(*) FROM staged_reports),
    (SELECT count(*) FROM winning_reports WHERE is_new AND cause = 'first'),
    (SELECT count(*) FROM winning_reports WHERE is_new AND cause <> 'first'),
    (SELECT count(*) FROM faulty_rows)
"""
_COUNTED: Final = ("candidates", "listings", "captures", "reports", "new_reports", "new_versions", "rejected_rows")


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    (row,) = connection.execute(_COUNTS).fetchall()
    return dict(zip(_COUNTED, row, strict=True))


def _mark(connection: duckdb.DuckDBPyConnection, batches: Sequence[BatchFile], now: datetime) -> None:
    moment = kept(now)
    connection.execute("INSERT INTO raw_rejects SELECT batch, row, kind, reason, record, ? FROM faulty_rows", [moment])
    counts = [Counter(batch.table["kind"].to_pylist()) for batch in batches]
    marks = pa.table(
        {
            "batch": [batch.name for batch in batches],
            "run_id": [batch.run_id for batch in batches],
            "source_id": [batch.source_id for batch in batches],
            "sequence": [batch.sequence for batch in batches],
            "digest": [batch.digest for batch in batches],
        }
        | {plural: [count[kind] for count in counts] for kind, plural in _PLURALS.items()}
    )
    connection.register("marks", marks)
    connection.execute(
        "INSERT INTO raw_batches BY NAME SELECT *, "
        "(SELECT count(*) FROM faulty_rows f WHERE f.batch = marks.batch) AS rejected, ? AS loaded_at FROM marks",
        [moment],
    )
    connection.unregister("marks")


_PLURALS: Final = {"candidate": "candidates", "listing": "listings", "capture": "captures", "report": "reports"}


def _reject(connection: duckdb.DuckDBPyConnection, path: Path, reason: str, now: datetime) -> RejectedBatch:
    moved = set_aside(path, REJECTED, reason)
    connection.execute(
        "INSERT INTO raw_rejected_batches VALUES (?, ?, ?, ?)", [path.stem, str(moved), reason, kept(now)]
    )
    return RejectedBatch(moved, reason)
