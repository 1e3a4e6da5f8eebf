"""The WARC archive of a run: a series of files for each host group, written by threads, left whole by a crash.

File names are ``RUN-TIME-GROUP-PROCESS-NUMBER.warc.gz``: the run's name, the clock, twelve hex digits of the SHA-256
of the host group (the registry's first host of a source), the process, and a number that counts up. Nothing of an
address or a page goes into a path. Which group it is stands in the file's ``warcinfo``.

A request and its response go to the file in one ``write``; where that fails (full disk) the file is cut back to the
last whole record. After ``kill -9`` :func:`scrapers.web.recovery.recover` cuts a torn last record and closes the file.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType

from scrapers.records import KnownPage, Place
from scrapers.web import archive_records, warc
from scrapers.web.archive_file import SUFFIX, ArchiveError, ArchiveFull, OpenFile, as_archive_error, begin
from scrapers.web.archive_records import FileOrigin, Original
from scrapers.web.capture_index import CaptureNotFoundError, find_original
from scrapers.web.cdxj import Entry, as_sent
from scrapers.web.exchange import Exchange

__all__ = ["MAX_BYTES", "Archive", "ArchiveError", "ArchiveFull", "Position"]

MAX_BYTES = 512 * 1024 * 1024
MAX_OPEN = 128
"""Host groups with an open file at a time; the one written to longest ago is closed first."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a response stands in the archive."""

    warc_file: str
    """File name relative to the archive folder, as it is after closing."""
    offset: int
    record_id: str
    """``urn:uuid:...`` of the response, revisit or metadata record."""


class Archive:
    """Writes captures to WARC files of one folder. Safe for threads; several processes may share the folder.

    ``run_id`` (letters, digits, ``._-``) begins every file's name; ``user_agent`` and ``obeys_robots`` go to each
    file's ``warcinfo``; ``max_bytes`` is the size after which a group's next file begins; ``earlier`` says by their
    ``WARC-Payload-Digest`` where payloads stand that belong to no page of a ledger (lists, robots.txt), so that they
    can be referred to. Raises :class:`ArchiveError` for a run's name that cannot be a file name or a folder that
    cannot be made.
    """

    def __init__(
        self,
        directory: Path,
        *,
        run_id: str,
        max_bytes: int = MAX_BYTES,
        max_open: int = MAX_OPEN,
        user_agent: str = "nianbao",
        obeys_robots: bool = True,
        earlier: Mapping[str, Place] = MappingProxyType({}),
    ) -> None:
        if not _RUN_ID.fullmatch(run_id):
            raise ArchiveError(f"run_id {run_id!r}: use letters, digits, '.', '_' and '-' only")
        self.directory = directory
        self._origin = FileOrigin(run_id, user_agent, obeys_robots)
        self._max_bytes = max_bytes
        self._max_open = max_open
        self._earlier = earlier
        self._lock = threading.Lock()
        self._series: dict[str, _Series] = {}
        self._serial = 0
        self._token = f"{os.getpid()}-{secrets.token_hex(3)}"
        with as_archive_error(directory, "make the archive folder"):
            directory.mkdir(parents=True, exist_ok=True)

    def write(
        self, exchange: Exchange, *, group: str = "", known: KnownPage | None = None, held: Original | None = None
    ) -> Position:
        """Append the response, or a revisit where its payload is in the archive already, and its request.

        ``known`` is what is held of the address that was asked for, ``held`` its :meth:`original` where the caller has
        just looked it up. A revisit is written only where the record it
        refers to can be read now and has the same payload. Returns when the operating system holds the bytes
        (``kill -9`` loses nothing). Raises :class:`ArchiveFull` on a full disk, :class:`ArchiveError` on any other
        failure to write.
        """
        record_id = warc.new_record_id()
        original = self._refers_to(exchange, known, held)

        def records(warcinfo_id: str) -> tuple[bytes, bytes]:
            if original is None:
                first = archive_records.response(exchange, record_id, warcinfo_id)
            else:
                first = archive_records.revisit(exchange, record_id, warcinfo_id, original)
            return first, archive_records.request(exchange, record_id, warcinfo_id)

        def entry(warc_file: str, offset: int, length: int) -> Entry:
            return Entry(
                url=exchange.url,
                at=exchange.at,
                warc_file=warc_file,
                offset=offset,
                length=length,
                status=exchange.status,
                record_id=record_id,
                revisit=original is not None,
            )

        return self._append(group, record_id, records, entry)

    def original(self, place: Place) -> Original | None:
        """The response there, read and checked now; ``None`` where its file was moved away or is damaged (`archive
        verify` names it)."""
        try:
            return find_original(self.directory, place.warc_file, place.offset)
        except CaptureNotFoundError:
            return None

    def write_failure(self, url: str, at: datetime, outcome: str, detail: str, *, group: str = "") -> Position:
        """Append a ``metadata`` record: ``url`` was asked for at that instant and did not answer. Raises as ``write``
        does."""
        record_id = warc.new_record_id()

        def records(warcinfo_id: str) -> tuple[bytes, bytes]:
            return archive_records.failure(as_sent(url), at, outcome, detail, record_id, warcinfo_id), b""

        return self._append(group, record_id, records, None)

    def sync(self, group: str | None = None) -> None:
        """Force what was written (for one group, or for all) to the disk, so that rows which point into the archive
        outlive a power failure."""
        with self._lock:
            chosen = [series for name, series in self._series.items() if group is None or name == group]
        for series in chosen:
            series.sync()

    def finish(self, group: str) -> None:
        """Close a group's file: nothing more is expected of these hosts. A later write begins another."""
        with self._lock:
            series = self._series.pop(group, None)
        if series is not None:
            series.retire()

    def close(self) -> None:
        """Close all files under their final names, with their indexes. Further writes begin new files."""
        with self._lock:
            everything, self._series = list(self._series.values()), {}
        failures = []
        for series in everything:
            try:
                series.retire()
            except ArchiveError as error:  # the others must be closed all the same
                failures.append(error)
        if failures:
            raise failures[0]

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refers_to(self, exchange: Exchange, known: KnownPage | None, held: Original | None) -> Original | None:
        """The earlier response with this payload, if there is one that a revisit may refer to."""
        if exchange.truncated is not None:
            return None
        asserted = exchange.status == 304 and known is not None and bool(known.etag or known.last_modified)
        if not asserted and (exchange.status != 200 or not exchange.body):
            return None
        place = known.archived if known is not None else None
        digest = ""
        if not asserted and (place is not None or self._earlier):
            digest = warc.digest(exchange.body)
        if place is None:
            place = self._earlier.get(digest)
        if place is None:
            return None
        original = held or self.original(place)
        return original if original is not None and (asserted or original.payload_digest == digest) else None

    def _append(
        self,
        group: str,
        record_id: str,
        records: Callable[[str], tuple[bytes, bytes]],
        entry: Callable[[str, int, int], Entry] | None,
    ) -> Position:
        while True:
            series = self._series_of(group)
            with series.lock:
                if series.retired:
                    continue  # closed between the look and the lock, to make room for another group
                file = series.file or series.begin()
                first, second = records(file.warcinfo_id)
                if file.size + len(first) + len(second) > self._max_bytes and series.used:
                    series.end()
                    file = series.begin()
                    first, second = records(file.warcinfo_id)
                offset = file.append(first + second)
                series.used = True
                if entry is not None:
                    file.entries.append(entry(file.name, offset, len(first)))
                return Position(file.name, offset, record_id)

    def _series_of(self, group: str) -> _Series:
        oldest = None
        with self._lock:
            series = self._series.pop(group, None)
            if series is None:
                series = _Series(self, group)
                if len(self._series) >= self._max_open:
                    oldest = self._series.pop(next(iter(self._series)))
            self._series[group] = series  # last in the order: written to most recently
        if oldest is not None:
            oldest.retire()
        return series

    def begin_file(self, group: str) -> OpenFile:
        """The next file of a group."""
        while True:
            with self._lock:
                self._serial += 1
                serial = self._serial
            stamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
            place = hashlib.sha256(group.encode()).hexdigest()[:12]
            name = f"{self._origin.run_id}-{stamp}-{place}-{self._token}-{serial:05d}{SUFFIX}"
            warcinfo_id, warcinfo = archive_records.warcinfo(name, self._origin, group)
            file = begin(self.directory, name, warcinfo, warcinfo_id)
            if file is not None:
                return file


class _Series:
    """The files of one host group: at most one is open. ``lock`` is held for whatever is done to it."""

    def __init__(self, archive: Archive, group: str) -> None:
        self.lock = threading.Lock()
        self.file: OpenFile | None = None
        self.used = False
        """The open file has a record besides its ``warcinfo``."""
        self.retired = False
        """No longer in the archive's books: whoever waits for the lock has to look again."""
        self._archive = archive
        self._group = group

    def begin(self) -> OpenFile:
        self.file = self._archive.begin_file(self._group)
        self.used = False
        return self.file

    def end(self) -> None:
        file, self.file = self.file, None
        if file is None:
            return
        if self.used:
            file.close()
        else:
            file.discard()

    def retire(self) -> None:
        with self.lock:
            self.retired = True
            self.end()

    def sync(self) -> None:
        with self.lock:
            if self.file is not None:
                self.file.sync()
