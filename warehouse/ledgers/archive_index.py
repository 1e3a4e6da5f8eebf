"""The archive's index: every record of every WARC file, as rows. It is made from the files alone, file by file.

``raw_archive_files`` says which files are in it and how large they were; ``raw_archive_records`` has their records.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from scrapers.records import ArchivedFile, ArchivedRecord, Place
from warehouse.database import writing
from warehouse.errors import WarehouseError
from warehouse.migrate import schema_version
from warehouse.readers import open_reader
from warehouse.storage.instants import aware, kept
from warehouse.storage.transactions import transaction

RECORDS_A_TRANSACTION: Final = 50_000
SEEN_WITHIN_DAYS: Final = 90
_INDEXED_SINCE: Final = 9
"""Schema from which a warehouse holds the archive's index."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What one call of ``index_files`` did."""

    files: int = 0
    records: int = 0


@dataclass(frozen=True, slots=True)
class Placement:
    """A capture of the warehouse and where it should stand in the archive."""

    capture_id: str
    url: str
    place: Place


def indexed_sizes(warehouse: Path) -> dict[str, int]:
    """Name and bytes of each file that the index holds; empty where there is no warehouse."""
    if not warehouse.exists():
        return {}
    with writing(warehouse, "read the archive's index") as connection:
        rows = connection.execute("SELECT warc_file, bytes FROM raw_archive_files").fetchall()
    return {str(name): int(size) for name, size in rows}


def index_files(
    warehouse: Path, files: Iterable[tuple[ArchivedFile, Sequence[ArchivedRecord]]], *, now: datetime | None = None
) -> Indexed:
    """Put files with their records into the index, in place of what it held of them.

    Each transaction takes whole files, up to about ``RECORDS_A_TRANSACTION`` records: a call that is interrupted has
    indexed the files before, and the next goes on. The writer's lock is held for the transactions only, not while
    ``files`` are read. Raises as ``database.writing`` does.
    """
    moment = kept(now or datetime.now(UTC))
    done = Indexed()
    group: list[tuple[ArchivedFile, Sequence[ArchivedRecord]]] = []
    count = 0
    for file, records in files:
        if group and count + len(records) > RECORDS_A_TRANSACTION:
            _merge(warehouse, group, moment)
            done = Indexed(done.files + len(group), done.records + count)
            group, count = [], 0
        group.append((file, records))
        count += len(records)
    if group:
        _merge(warehouse, group, moment)
        done = Indexed(done.files + len(group), done.records + count)
    return done


def forget_files(warehouse: Path, names: Collection[str]) -> None:
    """Take files out of the index that are no longer in the archive folder."""
    if not names:
        return
    with writing(warehouse, "archive index") as connection, transaction(connection):
        connection.execute("DELETE FROM raw_archive_records WHERE warc_file IN (SELECT unnest(?))", [list(names)])
        connection.execute("DELETE FROM raw_archive_files WHERE warc_file IN (SELECT unnest(?))", [list(names)])


def landed_captures(warehouse: Path, warc_files: Collection[str]) -> frozenset[str]:
    """The captures of these files that the warehouse holds, by ``capture_id``."""
    if not warehouse.exists() or not warc_files:
        return frozenset()
    with writing(warehouse, "read the captures of cut runs") as connection:
        rows = connection.execute(
            "SELECT capture_id FROM raw_captures WHERE warc_file IN (SELECT unnest(?))", [list(warc_files)]
        ).fetchall()
    return frozenset(str(identifier) for (identifier,) in rows)


def read_list_payloads(warehouse: Path, host_groups: Iterable[str]) -> Mapping[str, Place]:
    """``WARC-Payload-Digest`` -> the response that holds it, for what these host groups answered at addresses that are
    no candidates (lists, robots.txt) and was seen in the last ``SEEN_WITHIN_DAYS`` of the index.

    Of candidates ``ledger.read_ledgers`` tells the place.
    """
    if not warehouse.exists():
        return {}
    with writing(warehouse, "read the archive's index") as connection:
        rows = connection.execute(_LIST_PAYLOADS, {"groups": list(host_groups), "days": SEEN_WITHIN_DAYS}).fetchall()
    return {str(digest): Place(str(place["warc_file"]), int(place["warc_offset"])) for digest, place in rows}


def find_place(reader: Path, wanted: str, at: datetime | None = None) -> Place | None:
    """Where a capture stands by the reader copy: ``wanted`` is a record's identifier, or an address of which the newest
    capture (with ``at``: the newest by that instant) is meant. ``None`` where the copy knows none."""
    with_index = _open(reader)
    if with_index is None:
        return None
    try:
        row = with_index.execute(_FIND, {"wanted": wanted, "at": kept(at)}).fetchone()
    finally:
        with_index.close()
    return None if row is None else Place(str(row[0]), int(row[1]))


def indexed_files(reader: Path) -> dict[str, ArchivedFile]:
    """What the reader copy's index says of each file, by name; empty where there is no copy, or one without index."""
    connection = _open(reader)
    if connection is None:
        return {}
    try:
        rows = connection.execute(
            "SELECT warc_file, run_id, host_group, bytes, records, first_at, last_at, damage FROM raw_archive_files"
        ).fetchall()
    finally:
        connection.close()
    return {
        str(name): ArchivedFile(str(name), run_id, group, size, records, aware(first), aware(last), tuple(damage))
        for name, run_id, group, size, records, first, last, damage in rows
    }


def placements(reader: Path) -> tuple[Placement, ...]:
    """Every capture of the reader copy that stands in the archive."""
    connection = _open(reader)
    if connection is None:
        return ()
    try:
        rows = connection.execute(
            "SELECT capture_id, url, warc_file, warc_offset FROM raw_captures WHERE warc_file IS NOT NULL ORDER BY ALL"
        ).fetchall()
    finally:
        connection.close()
    return tuple(Placement(str(id_), str(url), Place(str(file), int(offset))) for id_, url, file, offset in rows)


def _open(reader: Path) -> duckdb.DuckDBPyConnection | None:
    if not reader.exists():
        return None
    connection = open_reader(reader)
    if schema_version(connection) < _INDEXED_SINCE:
        connection.close()
        return None
    return connection


def _merge(warehouse: Path, group: Sequence[tuple[ArchivedFile, Sequence[ArchivedRecord]]], moment: datetime) -> None:
    files = pa.table(
        {
            "warc_file": pa.array([file.name for file, _ in group], pa.string()),
            "run_id": pa.array([file.run_id for file, _ in group], pa.string()),
            "host_group": pa.array([file.host_group for file, _ in group], pa.string()),
            "bytes": pa.array([file.size for file, _ in group], pa.int64()),
            "records": pa.array([file.records for file, _ in group], pa.int64()),
            "first_at": pa.array([kept(file.first_at) for file, _ in group], pa.timestamp("us")),
            "last_at": pa.array([kept(file.last_at) for file, _ in group], pa.timestamp("us")),
            "damage": pa.array([list(file.damage) for file, _ in group], pa.list_(pa.string())),
            "indexed_at": pa.array([moment] * len(group), pa.timestamp("us")),
        }
    )
    rows = [(file.name, record) for file, records in group for record in records]
    records = pa.table(
        {
            "record_id": pa.array([row.record_id for _, row in rows], pa.string()),
            "warc_file": pa.array([name for name, _ in rows], pa.string()),
            "warc_offset": pa.array([row.offset for _, row in rows], pa.int64()),
            "length": pa.array([row.length for _, row in rows], pa.int64()),
            "record_type": pa.array([row.type for _, row in rows], pa.string()),
            "url": pa.array([row.url for _, row in rows], pa.string()),
            "recorded_at": pa.array([kept(row.at) for _, row in rows], pa.timestamp("us")),
            "status": pa.array([row.status for _, row in rows], pa.int16()),
            "content_type": pa.array([row.content_type for _, row in rows], pa.string()),
            "payload_digest": pa.array([row.payload_digest for _, row in rows], pa.string()),
            "refers_to": pa.array([row.refers_to for _, row in rows], pa.string()),
            "concurrent_to": pa.array([row.concurrent_to for _, row in rows], pa.string()),
        }
    )
    with writing(warehouse, "archive index") as connection:
        connection.register("indexed_files", files)
        connection.register("indexed_records", records)
        try:
            with transaction(connection):
                names = "(SELECT warc_file FROM indexed_files)"
                # the names put into these statements are this module's own words
                connection.execute(f"DELETE FROM raw_archive_records WHERE warc_file IN {names}")  # noqa: S608
                connection.execute(f"DELETE FROM raw_archive_files WHERE warc_file IN {names}")  # noqa: S608
                connection.execute("INSERT INTO raw_archive_files BY NAME SELECT * FROM indexed_files")
                connection.execute("INSERT INTO raw_archive_records BY NAME SELECT * FROM indexed_records")
        except duckdb.Error as error:
            raise WarehouseError(f"the archive's index could not be written and is as it was: {error}") from error
        finally:
            connection.unregister("indexed_files")
            connection.unregister("indexed_records")


_LIST_PAYLOADS: Final = """
SELECT r.payload_digest,
    arg_min({'warc_file': r.warc_file, 'warc_offset': r.warc_offset}, r.recorded_at)
        FILTER (r.record_type = 'response') AS place
FROM raw_archive_records r JOIN raw_archive_files f ON f.warc_file = r.warc_file
WHERE list_contains($groups, f.host_group) AND r.record_type IN ('response', 'revisit') AND r.status = 200
    AND r.payload_digest IS NOT NULL AND NOT EXISTS (FROM raw_candidates c WHERE c.url = r.url)
GROUP BY r.payload_digest
HAVING place IS NOT NULL
    AND max(r.recorded_at) >= (SELECT max(last_at) FROM raw_archive_files) - to_days($days::INTEGER)
"""
# A capture is found by the address that was asked for too: after a redirect its record stands under another.
_FIND: Final = """
SELECT warc_file, warc_offset FROM (
    SELECT warc_file, warc_offset, recorded_at AS moment FROM raw_archive_records
    WHERE record_type IN ('response', 'revisit') AND (record_id = $wanted OR url = $wanted)
    UNION ALL
    SELECT warc_file, warc_offset, fetched_at FROM raw_captures
    WHERE warc_file IS NOT NULL AND (capture_id = $wanted OR url = $wanted)
)
WHERE $at::TIMESTAMP IS NULL OR moment <= $at::TIMESTAMP
ORDER BY moment DESC LIMIT 1
"""
