"""One WARC file while it is written: made, locked, appended to in whole records, and closed under its final name.

A file is ``NAME.warc.gz.open`` while it is written and locked (``flock``) by its process; closed, it is
``NAME.warc.gz`` with its index ``NAME.cdxj`` beside it.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scrapers.errors import ForeseenError
from scrapers.web.cdxj import Entry, write_index

SUFFIX = ".warc.gz"
OPEN_SUFFIX = ".warc.gz.open"

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ArchiveError(ForeseenError):
    """The archive cannot be written or read; the message names the file and says what to do."""


class ArchiveFull(ArchiveError):  # noqa: N818 - a kind of ArchiveError already
    """The disk or quota is full. Nothing half written is left behind."""


class OpenFile:
    """A WARC file that this process writes. Not safe for threads: whoever holds it locks."""

    def __init__(self, directory: Path, name: str, file: io.FileIO, warcinfo_id: str, size: int) -> None:
        self.name = name
        """As it will be when it is closed."""
        self.warcinfo_id = warcinfo_id
        self.size = size
        """Bytes written, all of them in whole records."""
        self.entries: list[Entry] = []
        self._directory = directory
        self._file = file

    @property
    def path(self) -> Path:
        return self._directory / (self.name + ".open")

    def append(self, data: bytes) -> int:
        """Write whole records in one piece and return where they begin. Raises :class:`ArchiveError`."""
        start = self.size
        try:
            _write_all(self._file, data)
        except OSError as error:
            # after a failed write only whole records may remain; should the cut fail too, recovery does it at the
            # next start
            with suppress(OSError):
                self._file.truncate(start)
                self._file.seek(start)
            raise archive_error(self.path, "write", error) from error
        self.size = start + len(data)
        return start

    def sync(self) -> None:
        """Force what was written to the disk."""
        with as_archive_error(self.path, "sync"):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Give the file its final name and its index. Raises :class:`ArchiveError` where it has been taken away."""
        try:
            with as_archive_error(self.path, "close"):
                os.fsync(self._file.fileno())
                if not _is_at(self._file, self.path):
                    raise ArchiveError(
                        f"{self.path} was moved, removed or replaced while it was written: put it back, and the next "
                        "crawl closes it; records that are gone have to be fetched again"
                    )
                publish(self.path, self._directory / self.name, self.entries)
        finally:
            self._file.close()

    def discard(self) -> None:
        """Remove the file: nothing was written after its ``warcinfo``."""
        with as_archive_error(self.path, "remove"):
            self.path.unlink(missing_ok=True)
        self._file.close()


def begin(directory: Path, name: str, warcinfo: bytes, warcinfo_id: str) -> OpenFile | None:
    """A new file that begins with ``warcinfo``; ``None`` where the name is taken by a moment's chance.

    Raises :class:`ArchiveError`; a file whose first record could not be written is removed.
    """
    path = directory / (name + ".open")
    with as_archive_error(path, "create"):
        # "x" creates the file anew; "+" is for truncate()
        file = io.FileIO(path, "x+")
    if not lock_new(file, path):
        file.close()
        return None
    try:
        _write_all(file, warcinfo)
    except OSError as error:
        file.close()
        with suppress(OSError):
            path.unlink()
        raise archive_error(path, "write", error) from error
    return OpenFile(directory, name, file, warcinfo_id, len(warcinfo))


def publish(path: Path, final: Path, entries: list[Entry]) -> None:
    """Write the index, then rename the file to its final name: a closed file always has its index."""
    write_index(final, entries)
    path.rename(final)
    sync_folder(final.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in ``folder`` outlive a power failure."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def lock_new(file: io.FileIO, path: Path) -> bool:
    """Lock ``file``; false where another process holds it, or where ``path`` has meanwhile been renamed or removed."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return _is_at(file, path)


def is_being_written(path: Path) -> bool:
    """Whether a living process holds this open file."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:  # closed a moment ago
        return False
    return False


def archive_error(path: Path, doing: str, error: OSError) -> ArchiveError:
    """What the operating system refused, as an error that says what to do."""
    if error.errno in _FULL:
        return ArchiveFull(
            f"{path}: cannot {doing}: {error.strerror}. Free space or move the archive folder, then run again"
        )
    return ArchiveError(
        f"{path}: cannot {doing}: {error.strerror or error}. Check that the folder exists and may be written"
    )


@contextmanager
def as_archive_error(path: Path, doing: str) -> Iterator[None]:
    """Turn an ``OSError`` within into an :class:`ArchiveError` about ``path``."""
    try:
        yield
    except OSError as error:
        raise archive_error(path, doing, error) from error


def _is_at(file: io.FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write_all(file: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
