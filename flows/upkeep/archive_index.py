"""The archive and the warehouse side by side: its index kept up to date, and each checked against the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.settings import Settings
from scrapers.records import ArchivedFile, ArchivedRecord
from scrapers.web.archive_check import CheckedFile
from scrapers.web.archive_scan import scan_records
from scrapers.web.cdxj import index_path, write_index
from scrapers.web.recovery import Recovery, recover
from warehouse.ledgers.archive_index import Placement, forget_files, index_files, indexed_sizes, placements
from warehouse.readers import refuse_lost


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What came of bringing the index up to date."""

    files: int
    """Read now."""
    records: int
    unchanged: int
    """Files that were in the index with the size they have."""
    forgotten: tuple[str, ...]
    """Files that were in the index and are not in the folder."""
    damage: tuple[str, ...]
    recovered: tuple[Recovery, ...]


def update_index(
    settings: Settings, *, everything: bool = False, on_file: Callable[[int, int, str], None] = lambda *_: None
) -> Reindexed:
    """Read the files that the index does not hold as they are (``everything``: all) and index them, in the warehouse
    and beside each file.

    First closes what a killed run has left open; files that a living run writes are left to it. ``on_file`` hears the
    number of the file, of how many, and its name. Interrupted, the next call goes on. Raises ``ArchiveError``,
    ``WarehouseError``.
    """
    refuse_lost(settings.warehouse_path, settings.reader_path)
    recovered = recover(settings.archive_dir)
    held = indexed_sizes(settings.warehouse_path)
    present = {path.name: path for path in sorted(settings.archive_dir.glob("*.warc.gz"))}
    due = [
        path
        for name, path in present.items()
        if everything or held.get(name) != path.stat().st_size or not index_path(path).exists()
    ]
    damage: list[str] = []

    def scanned() -> Iterator[tuple[ArchivedFile, Sequence[ArchivedRecord]]]:
        for number, path in enumerate(due, 1):
            on_file(number, len(due), path.name)
            found = scan_records(path)
            write_index(path, found.entries)
            damage.extend(f"{path}: {stretch}" for stretch in found.file.damage)
            yield found.file, found.records

    done = index_files(settings.warehouse_path, scanned())
    gone = tuple(sorted(set(held) - set(present)))
    forget_files(settings.warehouse_path, gone)
    return Reindexed(done.files, done.records, len(present) - len(due), gone, tuple(damage), recovered)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The archive's records against the captures of the reader copy."""

    captures: int
    missing: tuple[Placement, ...]
    """Captures whose record is not where they say."""
    unclaimed: int
    """Records that no capture points to: redirects, robots.txt, attempts that were made again, pages of a batch that
    never landed."""


def compare(reader: Path, checked: Sequence[CheckedFile]) -> Comparison:
    """Compare what was found in all files with what the reader copy's captures say."""
    found = {(file.file.name, offset): identifier for file in checked for identifier, offset in file.captures}
    records = len(found)
    captures = placements(reader)
    missing = tuple(
        capture
        for capture in captures
        if found.get((capture.place.warc_file, capture.place.offset)) != capture.capture_id
    )
    return Comparison(len(captures), missing, records - (len(captures) - len(missing)))
