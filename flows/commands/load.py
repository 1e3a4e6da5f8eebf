"""``nianbao load``: the loader's part of several machines."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime

from flows.settings import Settings
from flows.shared_store.handing_over import store_of
from flows.shared_store.store import SharedStoreError
from flows.shared_store.taking_in import TakenIn, become_the_loader, take_in
from flows.terminal import many, say, talk
from scrapers.web.archive import ArchiveError
from warehouse.errors import WarehouseError


def load_command(settings: Settings, *, every: float | None, take_over: bool) -> int:
    """Take in what has landed, once, or every so many seconds until SIGTERM or Ctrl-C.

    Exit code 1 where something could not be taken in; a service says so and tries again.
    """
    store_of(settings)  # a store that cannot be opened is said at once, also by a service
    if take_over:
        become_the_loader(settings)
    if every is None:
        return _show(take_in(settings), always=True)
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    while not stopping.is_set():
        began = time.monotonic()
        try:
            _show(take_in(settings), always=False)
        except (SharedStoreError, WarehouseError, ArchiveError) as error:
            say("trouble", f"{_now()} {error}")
        stopping.wait(max(every - (time.monotonic() - began), 1.0))
    return 0


def _show(taken: TakenIn, *, always: bool) -> int:
    loaded = taken.loaded
    if always or loaded.batches or taken.archive_files or taken.runs:
        talk.print(
            f"{_now()} {many(taken.archive_files, 'archive file')}, "
            f"{loaded.batches} {'batch' if loaded.batches == 1 else 'batches'} with "
            f"{many(loaded.new_reports, 'new document')}, {many(taken.runs, 'run')} taken in"
            f"{'; the reader copy is in the store' if taken.published else ''}."
        )
    refused = [f"{batch.path}: {batch.reason}" for batch in loaded.rejected_batches]
    for trouble in (*refused, *taken.troubles):
        say("problem", trouble)
    return 1 if refused or taken.troubles else 0


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
