"""What must be done for a new name, or a new line, to outlive a power failure."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Force renames and new names in ``folder`` to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def append_lines(path: Path, lines: bytes) -> None:
    """Add whole lines to the file at ``path`` (made if absent), synced to disk, one writer after the other.

    A line that a killed writer left without its end is closed first, so that it spoils none but itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    with path.open("ab+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                lines = b"\n" + lines
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        sync_folder(path.parent)


def torn_or(error: Exception, line: bytes, what: str) -> str:
    """Why a line of such a file is no ``what``, in words, and what becomes of it."""
    torn = line.startswith(b"{") and not line.rstrip().endswith(b"}")
    why = "is torn: whoever wrote it was killed" if torn else f"is no {what} ({error})"
    return f"{why}; it is skipped until somebody takes the line out, nothing else is lost"
