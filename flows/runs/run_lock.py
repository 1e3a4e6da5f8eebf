"""Runs by name, and which are alive: each holds a locked file all its life, which the kernel frees however it ends."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path


def new_run_id() -> str:
    """A name for a run that begins now: sorted as runs begin, and no other machine's."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"


@contextmanager
def run_lock(folder: Path, run_id: str) -> Iterator[None]:
    """Be known as alive inside the block. ``folder`` is shared by all processes that write one warehouse."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, run_id)
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
        path.unlink(missing_ok=True)
    finally:
        os.close(file)


def is_alive(folder: Path, run_id: str) -> bool:
    """Whether a process still holds the run. A run whose file is gone ended, or never was on this folder."""
    return is_held(_path(folder, run_id))


def any_alive(folder: Path) -> bool:
    """Whether a process holds any run of this folder."""
    return any(is_held(path) for path in folder.glob("*.lock"))


def is_held(path: Path) -> bool:
    """Whether a process holds a lock on the file; one that is not there is held by nobody."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def left_by_the_dead(folder: Path) -> tuple[str, ...]:
    """Runs that left their file here and that nobody holds; also ones that are just about to begin."""
    return tuple(path.stem for path in sorted(folder.glob("*.lock")) if not is_alive(folder, path.stem))


def forget(folder: Path, run_id: str) -> None:
    """Take away what a killed run left here."""
    _path(folder, run_id).unlink(missing_ok=True)


def _path(folder: Path, run_id: str) -> Path:
    return folder / f"{run_id}.lock"
