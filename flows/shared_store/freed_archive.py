"""Disk that a machine gets back which only crawls: WARC files that the loader has put into the store's archive."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from flows.settings import Settings
from flows.shared_store.handing_over import alone, archived_in_store, store_of
from flows.shared_store.store import ARCHIVE
from scrapers.web.archive_file import SUFFIX
from scrapers.web.cdxj import index_path


@dataclass(frozen=True, slots=True)
class Freed:
    """What was deleted here."""

    files: int = 0
    """WARC files; the index beside each goes with it."""
    bytes: int = 0


def free_archive(settings: Settings, *, now: datetime | None = None) -> Freed:
    """Delete WARC files older than ``keep_archive_days`` that the store's archive has in the size they have here.

    There only the loader puts them, once it holds them. What has landed and was not taken in yet stays, and so does
    everything where the setting is 0. Pages of a deleted file that answer the same again are archived whole and
    not as revisits. Raises ``SharedStoreError``.
    """
    if settings.keep_archive_days == 0:
        return Freed()
    before = ((now or datetime.now(UTC)) - timedelta(days=settings.keep_archive_days)).timestamp()
    freed = Freed()
    with alone(settings, "shared_store"):
        there = archived_in_store(settings)
        old = [
            path
            for path in sorted(settings.archive_dir.glob(f"*{SUFFIX}"))
            if path.name in there and path.stat().st_mtime < before
        ]
        if not old:
            return freed
        store = store_of(settings)
        for path in old:
            size = path.stat().st_size
            held = store.find(f"{ARCHIVE}/{path.name}")
            if held is not None and held.size == size:
                path.unlink()
                index_path(path).unlink(missing_ok=True)
                freed = Freed(freed.files + 1, freed.bytes + size)
    return freed
