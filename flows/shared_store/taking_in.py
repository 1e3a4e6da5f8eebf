"""What the one loader does with the shared store: takes in what crawling machines landed there, loads and publishes."""

from __future__ import annotations

import json
import os
import socket
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flows.settings import Settings, SettingsError
from flows.shared_store.handing_over import (
    AT_A_TIME,
    RUN_SUFFIX,
    alone,
    note_archived,
    put_archive,
    refuse_on_crawler,
    store_of,
)
from flows.shared_store.store import ARCHIVE, LANDING, LOADED, LOADER, READER_COPY, REJECTED, RUNS, SharedStore, Stored
from flows.upkeep.after_load import bring_up_to_date
from flows.upkeep.registry import load_registry
from scrapers.sources.registry import load_sources
from scrapers.web.archive_file import SUFFIX
from scrapers.web.cdxj import INDEX_SUFFIX
from warehouse.batches.landing import LOADED as LOADED_HERE
from warehouse.batches.landing import REJECTED as REJECTED_HERE
from warehouse.batches.landing import pending
from warehouse.ledgers.working_copy import read_run, take_in_run
from warehouse.load import LoadResult, load_pending
from warehouse.readers import publish

_MACHINE: Final = "machine"
_UPLOADED: Final = "shared_copy.json"
_KINDS: Final = (".parquet", RUN_SUFFIX, SUFFIX, INDEX_SUFFIX)
"""What lands in the store; other files there are left alone."""
_UNPUBLISHED: Final = "taken_in_and_not_published"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What one look at the store brought."""

    archive_files: int
    """WARC files that came."""
    loaded: LoadResult
    runs: int
    published: bool
    """The store has a newer reader copy."""
    troubles: tuple[str, ...] = ()
    """What could not be taken in and was set aside in the store."""


def take_in(settings: Settings) -> TakenIn:
    """Bring what has landed in the store to this machine, load it, publish, and put the reader copy into the store.

    What has landed here only (this machine's own crawls) is loaded and published as well, and its WARC files are put
    into the store's archive. Killed at any point, the next call goes on: a file leaves the store's landing folder after
    what became of it is on this machine's disk. Raises ``SharedStoreError``, ``SourceError``,
    ``WarehouseError``, and :class:`SettingsError` where this machine is not the loader.
    """
    refuse_on_crawler(settings, "run nianbao load")
    store = store_of(settings)
    for folder in (settings.archive_dir, settings.landing_dir):
        folder.mkdir(parents=True, exist_ok=True)
    with alone(settings, "shared_store"), ThreadPoolExecutor(AT_A_TIME, "take-in") as pool:
        _be_the_loader(settings, store)
        # Two looks: a batch of the first has its WARC files in the second, whatever lands between.
        batches = [file for file in store.list(LANDING) if file.name.endswith(".parquet")]
        landed = store.list(LANDING)
        unpublished = settings.state_dir / _UNPUBLISHED
        if pending(settings.landing_dir) or any(file.name.endswith(_KINDS) for file in landed):
            unpublished.touch()  # whoever takes over from a killed call sees that there is something to publish
        archived = _take_archive(settings, store, landed, pool)
        _land(settings, store, batches, pool)
        if unpublished.exists():
            load_registry(settings, load_sources(settings.sources_dir))
        loaded = load_pending(settings.warehouse_path, settings.landing_dir)
        list(pool.map(lambda file: _acknowledge(settings, store, file), batches))
        # After the batches: a run that is there has what it says it brought.
        records = [file for file in landed if file.name.endswith(RUN_SUFFIX)]
        troubles = [trouble for file in records if (trouble := _take_run(settings, store, file))]
        if unpublished.exists():
            bring_up_to_date(settings)
            publish(settings.warehouse_path, settings.reader_path)
            unpublished.unlink()
        put_archive(settings, store, ARCHIVE, pool)
        published = _upload_copy(settings, store)
    return TakenIn(archived, loaded, len(records) - len(troubles), published, tuple(troubles))


def become_the_loader(settings: Settings) -> None:
    """Make this machine the loader of the store, in another's place."""
    refuse_on_crawler(settings, "run nianbao load")
    with alone(settings, "shared_store"):
        _claim(settings, store_of(settings))


def _be_the_loader(settings: Settings, store: SharedStore) -> None:
    """Raises :class:`SettingsError` where another machine is: each of the two would have half of the batches."""
    text = store.read(LOADER)
    if text is None:
        _claim(settings, store)
        text = store.read(LOADER) or "{}"
    loader = json.loads(text)
    if loader.get("machine") != _this_machine(settings):
        raise SettingsError(
            f"{store.url} has a loader: the machine {loader.get('host')}, {loader.get('data_dir')}, since "
            f'{loader.get("since")}. Set store_role = "crawler" here. If that machine is gone for good: bring its data '
            "folder back here from a copy (docs/operating.md), then nianbao load --take-over"
        )


def _claim(settings: Settings, store: SharedStore) -> None:
    said = {
        "machine": _this_machine(settings),
        "host": socket.gethostname(),
        "data_dir": str(settings.data_dir.resolve()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    store.write(LOADER, json.dumps(said))


def _this_machine(settings: Settings) -> str:
    path = settings.state_dir / _MACHINE
    if not path.exists():
        path.write_text(uuid.uuid4().hex, "utf-8")
    return path.read_text("utf-8")


def _take_archive(settings: Settings, store: SharedStore, landed: Sequence[Stored], pool: ThreadPoolExecutor) -> int:
    """WARC files with their indexes, to the archive folder here and then to the store's; how many WARC files."""
    files = [file for file in landed if file.name.endswith((SUFFIX, INDEX_SUFFIX))]

    def take(file: Stored) -> None:
        path = settings.archive_dir / file.name
        if not path.exists() or path.stat().st_size != file.size:
            store.get(f"{LANDING}/{file.name}", path)
        store.move(f"{LANDING}/{file.name}", ARCHIVE)

    list(pool.map(take, files))
    warc_files = [file.name for file in files if file.name.endswith(SUFFIX)]
    note_archived(settings, warc_files)
    return len(warc_files)


def _land(settings: Settings, store: SharedStore, files: Sequence[Stored], pool: ThreadPoolExecutor) -> None:
    """Batches, oldest first, to the landing folder here. They are fetched side by side and appear in their order: a
    crawl of this machine may load what is there at any moment."""
    arriving = settings.landing_dir / "arriving"
    arriving.mkdir(exist_ok=True)
    # One that is here already is of a call that was killed.
    places = (settings.landing_dir, settings.landing_dir / LOADED_HERE)
    lacking = [file for file in files if not any((place / file.name).exists() for place in places)]

    def fetch(file: Stored) -> None:
        if not (arriving / file.name).exists():
            store.get(f"{LANDING}/{file.name}", arriving / file.name)

    list(pool.map(fetch, lacking))
    for file in lacking:
        moment = file.modified.timestamp()
        os.utime(arriving / file.name, (moment, moment))  # the load takes batches by age
        (arriving / file.name).replace(settings.landing_dir / file.name)


def _acknowledge(settings: Settings, store: SharedStore, file: Stored) -> None:
    for here, there in ((LOADED_HERE, LOADED), (REJECTED_HERE, REJECTED)):
        if (settings.landing_dir / here / file.name).exists():
            store.move(f"{LANDING}/{file.name}", there)
            return


def _take_run(settings: Settings, store: SharedStore, file: Stored) -> str | None:
    """Record a run; what was wrong with it, where something was."""
    key = f"{LANDING}/{file.name}"
    text = store.read(key)
    if text is None:
        return f"{store.url}/{key}: gone while it was taken in"
    record = read_run(text)
    if record is None:
        store.move(key, REJECTED)
        return f"{store.url}/{REJECTED}/{file.name}: no record of a run; the run it was of is not in `runs`"
    take_in_run(settings.warehouse_path, record)
    store.move(key, RUNS)
    return None


def _upload_copy(settings: Settings, store: SharedStore) -> bool:
    """Put the reader copy into the store where it is another than the last that was put there."""
    reader, noted = settings.reader_path, settings.state_dir / _UPLOADED
    if not reader.exists():
        return False
    # A name of its own: the copy may be replaced while it is on its way.
    link = reader.with_name(f".{reader.name}.on-its-way")
    link.unlink(missing_ok=True)
    with suppress(OSError):  # a file system without hard links
        os.link(reader, link)
    try:
        path: Path = link if link.exists() else reader
        status = path.stat()
        mark = json.dumps(
            {"store": store.url, "inode": status.st_ino, "bytes": status.st_size, "at": status.st_mtime_ns}
        )
        if noted.exists() and noted.read_text("utf-8") == mark:
            return False
        store.put(path, READER_COPY)
        noted.write_text(mark, "utf-8")
    finally:
        link.unlink(missing_ok=True)
    return True
