"""The WARC archive of a run: written by threads, left whole by a crash.

A file is ``NAME.warc.gz.open`` while it is written and locked (``flock``) by its process; it becomes
``NAME.warc.gz``, with its index ``NAME.cdxj`` beside it, when it is closed. A request and its response go to the file
in one ``write``; where that fails (full disk) the file is cut back to the last whole record. After ``kill -9``
:func:`recover` cuts a torn last record and closes the file.

File names come from the run's name, the clock and the process alone, never from an address or a page.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from scrapers.web import warc
from scrapers.web.capture_index import Entry, entry_of, write_index
from scrapers.web.exchange import Exchange

OPEN_SUFFIX = ".warc.gz.open"
SUFFIX = ".warc.gz"
MAX_BYTES = 512 * 1024 * 1024

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ArchiveError(Exception):
    """The archive cannot be written or read; the message names the file and says what to do."""


class ArchiveFull(ArchiveError):  # noqa: N818 - a kind of ArchiveError already
    """The disk or quota is full. Nothing half written is left behind."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a response stands in the archive."""

    warc_file: str
    """File name relative to the archive folder, as it is after closing."""
    offset: int
    record_id: str
    """``urn:uuid:...`` of the response record."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a file that no living process writes any more."""

    warc_file: str
    records: int
    cut_bytes: int
    """Bytes of a torn last record that were cut."""
    damage: str | None = None
    """Set where bytes before the end are damaged: they stay as they are, the whole records on both sides are kept."""


class Archive:
    """Writes captures to WARC files of one folder. Safe for threads; several processes may share the folder.

    ``run_id`` (letters, digits, ``._-``) begins every file's name; ``software`` goes to each file's ``warcinfo``;
    ``max_bytes`` is the size after which a new file begins. Raises :class:`ArchiveError` for a run's name that cannot
    be a file name or a folder that cannot be made.
    """

    def __init__(self, directory: Path, *, run_id: str, max_bytes: int = MAX_BYTES, software: str = "nianbao") -> None:
        if not _RUN_ID.fullmatch(run_id):
            raise ArchiveError(f"run_id {run_id!r}: use letters, digits, '.', '_' and '-' only")
        self.directory = directory
        self._run_id = run_id
        self._software = software
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._file: io.FileIO | None = None
        self._name = ""
        self._offset = 0
        self._entries: list[Entry] = []
        self._serial = 0
        self._token = f"{os.getpid()}-{secrets.token_hex(3)}"
        with _as_archive_error(directory, "make the archive folder"):
            directory.mkdir(parents=True, exist_ok=True)

    def write(self, exchange: Exchange) -> Position:
        """Append the response and its request. Returns when the operating system holds the bytes (``kill -9`` loses
        nothing).

        Raises :class:`ArchiveFull` on a full disk, :class:`ArchiveError` on any other failure to write.
        """
        record_id = warc.new_record_id()
        response = _response_record(exchange, record_id)
        request = _request_record(exchange, record_id)
        with self._lock:
            offset = self._append(response + request)
            name = self._name
            self._entries.append(
                Entry(
                    url=exchange.url,
                    at=exchange.at,
                    warc_file=name,
                    offset=offset,
                    length=len(response),
                    status=exchange.status,
                    record_id=record_id,
                )
            )
        return Position(name, offset, record_id)

    def sync(self) -> None:
        """Force what was written to the disk, so that rows which point into the archive outlive a power failure."""
        with self._lock:
            if self._file is not None:
                with _as_archive_error(self.directory / self._name, "sync"):
                    os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file under its final name, with its index. Further writes begin a new file."""
        with self._lock:
            self._finish()

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, data: bytes) -> int:
        if self._file is not None and self._offset + len(data) > self._max_bytes and self._entries:
            self._finish()
        if self._file is None:
            self._begin()
        assert self._file is not None
        path = self.directory / (self._name + ".open")
        start = self._offset
        try:
            _write_all(self._file, data)
        except OSError as error:
            # after a failed write only whole records may remain; should the cut fail too, recover() does it at the
            # next start
            with suppress(OSError):
                self._file.truncate(start)
                self._file.seek(start)
            raise _archive_error(path, "write", error) from error
        self._offset = start + len(data)
        return start

    def _begin(self) -> None:
        while self._file is None:
            self._serial += 1
            stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
            name = f"{self._run_id}-{stamp}-{self._token}-{self._serial:05d}{SUFFIX}"
            path = self.directory / (name + ".open")
            with _as_archive_error(path, "create"):
                # "x" creates the file anew; "+" is for truncate()
                file = io.FileIO(path, "x+")
            if not _lock_new(file, path):
                file.close()
                continue
            info = _warcinfo(name, self._software, self._run_id)
            try:
                _write_all(file, info)
            except OSError as error:
                file.close()
                with suppress(OSError):
                    path.unlink()
                raise _archive_error(path, "write", error) from error
            self._file, self._name, self._offset, self._entries = file, name, len(info), []

    def _finish(self) -> None:
        if self._file is None:
            return
        file, name, entries = self._file, self._name, self._entries
        self._file, self._entries = None, []
        path = self.directory / (name + ".open")
        try:
            with _as_archive_error(path, "close"):
                os.fsync(file.fileno())
                _publish(path, self.directory / name, entries)
        finally:
            file.close()


def recover(directory: Path) -> tuple[Recovery, ...]:
    """Close every file of ``directory`` whose process is gone; files in use (locked) are left alone.

    A torn last record is cut; a file without any response is removed. Damage before the end is reported and nothing
    is cut. Raises :class:`ArchiveError` where a file cannot be read or renamed.
    """
    recovered = []
    for path in sorted(directory.glob("*" + OPEN_SUFFIX)):
        with _as_archive_error(path, "recover"):
            try:
                file = io.FileIO(path, "r+")
            except FileNotFoundError:
                continue  # its process has just closed it
            with file:
                if _lock_new(file, path):
                    recovered.append(_recover_one(file, path))
    return tuple(recovered)


def _recover_one(file: io.FileIO, path: Path) -> Recovery:
    final = path.with_name(path.name.removesuffix(".open"))
    size = os.fstat(file.fileno()).st_size
    entries: list[Entry] = []
    damage: list[str] = []
    records = offset = cut = 0
    with io.BufferedReader(io.FileIO(path, "r")) as stream:
        while offset < size:
            try:
                member = warc.member_at(stream, offset)
            except warc.DamagedRecordError as error:
                following = warc.next_member(stream, offset)
                if following is None:
                    cut = size - offset
                    break
                damage.append(f"{following - offset} bytes at {offset}: {error}")
                offset = following
                continue
            records += 1
            entry = entry_of(member, final.name)
            if entry is not None:
                entries.append(entry)
            offset += member.length
    if cut:
        file.truncate(offset)
    os.fsync(file.fileno())
    if entries:
        _publish(path, final, entries)
    else:
        path.unlink()
    return Recovery(final.name, records, cut, "; ".join(damage) or None)


def _publish(path: Path, final: Path, entries: list[Entry]) -> None:
    write_index(final, entries)
    path.rename(final)
    folder = os.open(final.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock_new(file: io.FileIO, path: Path) -> bool:
    """Lock ``file``; false where another process holds it, or where ``path`` has meanwhile been renamed or removed."""
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write_all(file: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _warcinfo(name: str, software: str, run_id: str) -> bytes:
    lines = (
        ("software", software),
        ("format", "WARC File Format 1.1"),
        ("conformsTo", "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"),
        ("isPartOf", run_id),
        ("robots", "rfc9309"),
    )
    payload = "".join(f"{key}: {value}\r\n" for key, value in lines).encode()
    return warc.record_bytes(
        "warcinfo",
        warc.new_record_id(),
        datetime.now(UTC),
        "application/warc-fields",
        payload=payload,
        fields=(("WARC-Filename", name),),
    )


def _response_record(exchange: Exchange, record_id: str) -> bytes:
    fields = [("WARC-Target-URI", exchange.url)]
    if exchange.truncated is not None:
        fields.append(("WARC-Truncated", exchange.truncated))
    return warc.record_bytes(
        "response",
        record_id,
        exchange.at,
        "application/http; msgtype=response",
        http_head=warc.http_head(f"{exchange.protocol} {exchange.status} {exchange.reason}", exchange.headers),
        payload=exchange.body,
        fields=tuple(fields),
    )


def _request_record(exchange: Exchange, response_id: str) -> bytes:
    return warc.record_bytes(
        "request",
        warc.new_record_id(),
        exchange.at,
        "application/http; msgtype=request",
        http_head=warc.http_head(f"{exchange.method} {exchange.target} HTTP/1.1", exchange.request_headers),
        payload=exchange.request_body,
        fields=(("WARC-Target-URI", exchange.url), ("WARC-Concurrent-To", f"<{response_id}>")),
    )


def _archive_error(path: Path, doing: str, error: OSError) -> ArchiveError:
    if error.errno in _FULL:
        return ArchiveFull(
            f"{path}: cannot {doing}: {error.strerror}. Free space or move the archive folder, then run again"
        )
    return ArchiveError(
        f"{path}: cannot {doing}: {error.strerror or error}. Check that the folder exists and may be written"
    )


@contextmanager
def _as_archive_error(path: Path, doing: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _archive_error(path, doing, error) from error
