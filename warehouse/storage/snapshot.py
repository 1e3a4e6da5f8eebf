"""A copy of a file that takes another's place in one step, at the price of what changed since the copy before last.

Two copies take turns: the one that readers see, and a spare that they saw before. A spare that nobody has open any
more is brought up to date block by block, so that a load of a few reports writes a few blocks and not the whole file.
Every block of both is compared, byte for byte: whatever state a spare was left in, the copy is the original.
"""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BLOCK: Final = 256 * 1024
"""Bytes compared at a time: the size of DuckDB's blocks, which lie behind ``HEADERS``."""
HEADERS: Final = 3 * 4096


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy that took its place."""

    size: int
    """Bytes."""
    written: int
    """Bytes of it that had to be written."""


def replace_by_snapshot(original: Path, copy: Path) -> Snapshot:
    """Make ``copy`` the same as ``original``, which nobody may write meanwhile, in one step for whoever opens it.

    Who has the copy open keeps what it had. The copy is read-only by its mode (0444): clients that open files for
    writing by default get an error at once and not a lock. Raises ``OSError``; the copy then is what it was.
    """
    _clear_away(copy)
    work = copy.with_name(f".{copy.name}.{os.getpid()}.tmp")
    spare = _spare_of(copy)
    try:
        if spare.exists() and _nobody_has_open(spare):
            spare.replace(work)
            written = _bring_up_to_date(original, work)
        else:
            spare.unlink(missing_ok=True)
            shutil.copyfile(original, work)
            written = work.stat().st_size
        with work.open("rb") as file:
            os.fsync(file.fileno())
        work.chmod(0o444)
        size = work.stat().st_size
        if copy.exists():
            _keep_as_spare(copy, spare)
        work.replace(copy)
    finally:
        work.unlink(missing_ok=True)
    return Snapshot(size, written)


def _spare_of(copy: Path) -> Path:
    return copy.with_name(f".{copy.name}.spare")


def _clear_away(copy: Path) -> None:
    """What killed processes left. Whoever makes copies holds a lock, so nobody is at work on these."""
    for left_behind in copy.parent.glob(f".{glob.escape(copy.name)}.*.tmp"):
        left_behind.unlink()


def _keep_as_spare(copy: Path, spare: Path) -> None:
    try:
        os.link(copy, spare)
    except OSError:  # a file system without hard links: the next copy is made whole
        spare.unlink(missing_ok=True)


def _nobody_has_open(path: Path) -> bool:
    """Whether no process at all has the file open, as only Linux can tell: a write lease is given on no other terms.

    ``False`` where it cannot be told, as on file systems of other machines.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    path.chmod(0o644)
    with path.open("rb+") as file:
        try:
            # Somebody who opens it just now would have a signal sent to us; this one is ignored by default.
            fcntl.fcntl(file, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError:
            return False
    return True


def _bring_up_to_date(original: Path, copy: Path) -> int:
    """Write to ``copy`` the blocks in which it differs from ``original``; returns the bytes written."""
    written = 0
    with original.open("rb", buffering=0) as source, copy.open("rb+", buffering=0) as target:
        size = os.fstat(source.fileno()).st_size
        offset, length = 0, HEADERS
        while offset < size:
            wanted = os.pread(source.fileno(), length, offset)
            if os.pread(target.fileno(), length, offset) != wanted:
                written += os.pwrite(target.fileno(), wanted, offset)
            offset, length = offset + length, BLOCK
        target.truncate(size)
    return written
