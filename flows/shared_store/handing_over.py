"""What a machine that only crawls does with the shared store: begins from the loader's copy, hands over what it found.

Its warehouse is a working copy: what it crawls is loaded there too, so that everything that asks the ledger (slices of
a backfill, answers that a killed run left) works as on one machine. What counts is what the loader
makes of the batches.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.settings import Settings, SettingsError
from flows.shared_store.store import ARCHIVE, LANDING, LOADED, READER_COPY, RUNS, SharedStore
from scrapers.web.archive_file import OPEN_SUFFIX, SUFFIX
from scrapers.web.cdxj import index_path
from warehouse.batches.landing import HANDED_OVER, archive_files_of
from warehouse.batches.landing import LOADED as LOADED_HERE
from warehouse.ledgers.working_copy import Begun, begin_from, run_record
from warehouse.storage.durability import append_lines

AT_A_TIME: Final = 8
"""Files on their way at once: a bucket answers in tens of milliseconds, and there are many small ones."""
RUN_SUFFIX: Final = ".run.json"
_JOURNAL: Final = "archived_in_store.txt"
_COPY_BEGUN_FROM: Final = "begun_from.json"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What one call handed over."""

    archive_files: int = 0
    batches: int = 0
    runs: int = 0
    waiting: int = 0
    """Batches whose captures stand in a WARC file that is still written: they go when it is closed."""


def store_of(settings: Settings) -> SharedStore:
    """The shared store. Raises :class:`SettingsError` where none is set."""
    if settings.shared_store is None:
        raise SettingsError(
            "setting shared_store is not set: there is no store to take from. Several machines: docs/operating.md"
        )
    return SharedStore(settings.shared_store)


def refuse_on_crawler(settings: Settings, what: str) -> None:
    """Raise :class:`SettingsError` where this machine is not the one to do ``what``."""
    if settings.hands_over:
        raise SettingsError(
            f"this machine hands over what it crawls (store_role = crawler): {what} on the loader's machine, which has "
            "the whole archive and the warehouse that counts"
        )


@contextmanager
def alone(settings: Settings, name: str) -> Iterator[None]:
    """Inside the block no other process of this machine does the same; who comes meanwhile waits."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    with (settings.state_dir / f"{name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def begin_from_store(settings: Settings) -> Begun | None:
    """Make this machine's warehouse from the loader's reader copy, where there is a newer one than last time.

    What the copy lacks of what was crawled here lands again, for the caller to load. ``None`` where there was no newer
    copy. Raises ``SharedStoreError``, ``WarehouseError``; everything is as it was then.
    """
    store = store_of(settings)
    copy = settings.warehouse_path.with_name(f".{settings.warehouse_path.name}.received")
    noted = settings.state_dir / _COPY_BEGUN_FROM
    copy.parent.mkdir(parents=True, exist_ok=True)
    with alone(settings, "shared_store"):
        held = store.find(READER_COPY)
        if held is None:
            return None
        mark = {"store": store.url, "version": held.version}
        if settings.warehouse_path.exists() and noted.exists() and json.loads(noted.read_text("utf-8")) == mark:
            return None
        store.get(READER_COPY, copy)
        begun = begin_from(copy, settings.warehouse_path, settings.landing_dir)
        _replace_text(noted, json.dumps(mark))
    return begun


def note_run(settings: Settings, run_id: str) -> None:
    """Leave the record of a run that has ended, for the next :func:`hand_over`."""
    folder = settings.landing_dir / RUNS
    folder.mkdir(parents=True, exist_ok=True)
    _replace_text(folder / f"{run_id}{RUN_SUFFIX}", run_record(settings.warehouse_path, run_id))


def hand_over(settings: Settings) -> HandedOver:
    """Put into the store what is finished here and not there yet: WARC files, then the batches that point into them,
    then the runs. Killed at any point, the next call goes on; nothing arrives twice.

    Batches stay here, in ``landing/handed_over``, until a copy of the loader's warehouse has them. Raises
    ``SharedStoreError``.
    """
    store = store_of(settings)
    with alone(settings, "shared_store"), ThreadPoolExecutor(AT_A_TIME, "hand-over") as pool:
        # Looked at before the WARC files: one that is open now may be closed a moment later, and then goes next time.
        ready, waiting = _ready(settings)
        archive_files = put_archive(settings, store, LANDING, pool)
        list(pool.map(lambda paths: _hand_over_batches(settings, store, paths), _by_source(ready)))
        records = sorted((settings.landing_dir / RUNS).glob(f"*{RUN_SUFFIX}"))
        for record in records:
            store.put(record, f"{LANDING}/{record.name}")
            record.unlink()
    return HandedOver(archive_files, len(ready), len(records), waiting)


def put_archive(settings: Settings, store: SharedStore, folder: str, pool: ThreadPoolExecutor) -> int:
    """Put every closed WARC file that the store does not have, with its index, into ``folder`` of it; how many."""
    there = archived_in_store(settings)
    due = [path for path in sorted(settings.archive_dir.glob(f"*{SUFFIX}")) if path.name not in there]

    def put(path: Path) -> None:
        for file in (index_path(path), path):  # the WARC file last: where it is, its index is
            if file.exists():
                found = store.find(f"{folder}/{file.name}") or store.find(f"{ARCHIVE}/{file.name}")
                if found is None or found.size != file.stat().st_size:
                    store.put(file, f"{folder}/{file.name}")
        note_archived(settings, [path.name])

    list(pool.map(put, due))
    return len(due)


def archived_in_store(settings: Settings) -> frozenset[str]:
    """Names of the WARC files that this machine has put into the store, or got from it."""
    journal = settings.state_dir / _JOURNAL
    return frozenset(journal.read_text("utf-8").splitlines()) if journal.exists() else frozenset()


def note_archived(settings: Settings, names: Iterable[str]) -> None:
    """Remember that the store has these WARC files. One that is forgotten is only looked for again."""
    lines = "".join(f"{name}\n" for name in names)
    if lines:
        append_lines(settings.state_dir / _JOURNAL, lines.encode())


def _ready(settings: Settings) -> tuple[list[Path], int]:
    """Loaded batches whose WARC files are closed, oldest first, and how many wait. A batch waits for the one before it
    of its run and source."""
    folder = settings.landing_dir / LOADED_HERE
    ready: list[Path] = []
    held_back: set[str] = set()
    waiting = 0
    for path in sorted(folder.glob("*.parquet"), key=lambda path: (path.stat().st_mtime_ns, path.name)):
        series = path.name.rpartition("@")[0]
        # The batch is read only where none of its series waits already.
        if series in held_back or any(
            (settings.archive_dir / (name.removesuffix(SUFFIX) + OPEN_SUFFIX)).exists()
            for name in archive_files_of(path)
        ):
            held_back.add(series)
            waiting += 1
        else:
            ready.append(path)
    return ready, waiting


def _by_source(paths: Iterable[Path]) -> list[list[Path]]:
    """Batches of one source in their order: the loader merges them by the store's time, so they must arrive in it."""
    by_source: dict[str, list[Path]] = {}
    for path in paths:
        by_source.setdefault(path.name.split("@")[1], []).append(path)
    return list(by_source.values())


def _hand_over_batches(settings: Settings, store: SharedStore, paths: Iterable[Path]) -> None:
    folder = settings.landing_dir / HANDED_OVER
    folder.mkdir(exist_ok=True)
    for path in paths:
        # In this order: the loader moves a batch from the one place to the other.
        if store.find(f"{LANDING}/{path.name}") is None and store.find(f"{LOADED}/{path.name}") is None:
            store.put(path, f"{LANDING}/{path.name}")
        path.replace(folder / path.name)


def _replace_text(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)
