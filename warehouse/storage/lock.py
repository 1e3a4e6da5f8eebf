"""One writer at a time: a lock file beside the warehouse that says who holds it, and since when.

The kernel's lock on the file decides (``flock``), so a killed holder frees it at once; the words inside only explain.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from warehouse.errors import WarehouseBusyError

_POLL_SECONDS = 0.02


def lock_path(warehouse: Path) -> Path:
    """Where the lock of a warehouse lies: ``<warehouse>.lock``."""
    return warehouse.with_name(warehouse.name + ".lock")


@contextmanager
def writer_lock(warehouse: Path, purpose: str, *, wait_seconds: float = 60.0) -> Iterator[None]:
    """Be the only writer of ``warehouse`` inside the ``with`` block.

    Waits up to ``wait_seconds`` for another holder, then raises ``WarehouseBusyError`` naming its purpose, process and
    start. ``purpose`` is shown to whoever waits, e.g. ``load``.
    """
    path = lock_path(warehouse)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(handle, path, warehouse, wait_seconds)
        holder = {
            "purpose": purpose,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _acquire(handle: int, path: Path, warehouse: Path, wait_seconds: float) -> None:
    give_up = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= give_up:
                raise WarehouseBusyError(_who(path, warehouse)) from error
            time.sleep(_POLL_SECONDS)
        else:
            return


def _who(path: Path, warehouse: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        holder = {}
    if not isinstance(holder, dict):
        holder = {}
    return (
        f"{warehouse} is being written: {holder.get('purpose', 'an unnamed task')} holds it "
        f"since {holder.get('since', 'an unknown time')} (process {holder.get('pid', 'unknown')} on "
        f"{holder.get('host', 'an unknown host')}). Wait for it to end, or end that process; queries use the reader "
        "copy and need not wait."
    )
