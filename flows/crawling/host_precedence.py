"""Crawls go before backfills: who crawls a host holds a locked file for that time, and a backfill looks for it.

The kernel frees the lock however its process ends. Only processes that share the state folder see each other here; over
machines that keep the pace by leases, a backfill holds a host's lease for one request at a time
(:mod:`flows.crawling.shared_pace`), so a crawl gets it within seconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flows.runs.run_lock import is_held


class HostPrecedence:
    """The hosts that are being crawled, as ``folder`` shows. Safe for threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def crawling(self, hosts: Iterable[str]) -> Iterator[None]:
        """Go before every backfill on ``hosts`` inside the block; several crawls may."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            for host in hosts:
                file = os.open(self._path(host), os.O_RDWR | os.O_CREAT, 0o644)
                stack.callback(os.close, file)
                fcntl.flock(file, fcntl.LOCK_SH)
            yield

    def is_crawled(self, host: str) -> bool:
        """Whether a crawl is at this host now."""
        return is_held(self._path(host))

    def _path(self, host: str) -> Path:
        return self._folder / f"{hashlib.sha256(host.lower().encode()).hexdigest()[:32]}.crawled"
