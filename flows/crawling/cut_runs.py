"""What runs that were cut short have archived and not landed: taken up by the next run instead of asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flows.settings import Settings
from scrapers.web.capture_index import scan_file
from scrapers.web.cdxj import Entry, index_path, read_index
from scrapers.web.left_behind import LeftBehind
from warehouse.ledgers.archive_index import landed_captures
from warehouse.ledgers.crawl_ledger import runs_cut_short

TAKEN_UP_WITHIN = timedelta(days=1)
"""An answer older than this is asked for anew: a list, above all, is another one by then."""
_LONGEST_RUN = timedelta(days=30)


def left_behind(settings: Settings, now: datetime | None = None) -> LeftBehind:
    """The answers that nobody landed of runs that were killed, cancelled or failed. Load what has landed first."""
    since = (now or datetime.now(UTC)) - TAKEN_UP_WITHIN
    files = [
        path
        for run_id in runs_cut_short(settings.warehouse_path, since - _LONGEST_RUN)
        for path in sorted(settings.archive_dir.glob(f"{run_id}-*.warc.gz"))
        if path.stat().st_mtime >= since.timestamp()
    ]
    landed = landed_captures(settings.warehouse_path, [path.name for path in files])
    return LeftBehind(
        settings.archive_dir,
        (entry for path in files for entry in _entries(path) if entry.at >= since and entry.record_id not in landed),
    )


def _entries(path: Path) -> Iterator[Entry]:
    try:
        yield from tuple(read_index(index_path(path)))
    except (FileNotFoundError, ValueError):  # the index is derived from the file, so the file is asked
        yield from scan_file(path)
