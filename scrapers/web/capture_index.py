"""Finding a capture by address and time, and reading it back: a revisit with the payload it refers to.

Works from the files alone: from the CDXJ index beside each closed file, and from the file itself where it has none
(open, or the index lost).
"""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scrapers.errors import ForeseenError
from scrapers.web import warc
from scrapers.web.archive_records import IDENTICAL_PAYLOAD, NOT_MODIFIED, Original
from scrapers.web.cdxj import Entry, as_sent, index_path, read_index
from scrapers.web.content_coding import decode_content

MAX_PAYLOAD = 256 * 1024 * 1024
CAPTURED = ("response", "revisit")
"""Types of the records that stand for an answer."""
_WARC_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.warc\.gz")
_LONGEST_CHAIN = 8
"""Revisits of revisits that are followed; ours refer to the response itself, so one is what there is."""


class CaptureNotFoundError(ForeseenError, LookupError):
    """The archive holds no such capture, or not where it was said to be."""


@dataclass(frozen=True, slots=True)
class ArchivedResponse:
    """A response as the archive holds it: headers as sent, body before content decoding.

    Of a 304 (``server-not-modified``) ``start_line``, ``status`` and ``headers`` are those of the answer that brought
    the body, so that the body can be decoded; ``at`` and ``record_id`` are the revisit's.
    """

    url: str
    at: datetime
    start_line: str
    """``HTTP/1.1 200 OK``."""
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    record_id: str
    truncated: str | None
    """``WARC-Truncated``: why the body ends early, else ``None``."""
    ip: str | None = None
    """Address of the server, where we spoke to it ourselves."""
    revisit_of: Original | None = None
    """The response that holds the body, where this capture is a revisit."""

    def payload(self, limit: int = MAX_PAYLOAD) -> bytes:
        """The body after content decoding, as the client read it; at most ``limit`` bytes.

        Raises ``ValueError`` (a class of :mod:`scrapers.web.content_coding`) for a body that is torn, too large or
        coded in an unknown way.
        """
        headers = {name.lower(): value for name, value in reversed(self.headers)}
        return decode_content(self.body, headers.get("content-encoding"), headers.get("content-type"), limit)


class CaptureIndex:
    """All captures of an archive folder, as of the moment it was opened. One entry takes about 0.5 KiB of memory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._by_url: dict[str, list[Entry]] = {}
        self._by_id: dict[str, Entry] = {}
        for entry in scan(directory):
            self._by_url.setdefault(entry.url, []).append(entry)
            self._by_id[entry.record_id] = entry
        for entries in self._by_url.values():
            entries.sort(key=lambda entry: entry.at)

    def __len__(self) -> int:
        return sum(map(len, self._by_url.values()))

    def find(self, url: str, at: datetime | None = None) -> Entry | None:
        """The newest capture of ``url``; with ``at``, the newest made at or before that instant."""
        entries = self.captures(url)
        if at is not None:
            entries = entries[: bisect_right(entries, at, key=lambda entry: entry.at)]
        return entries[-1] if entries else None

    def by_id(self, record_id: str) -> Entry | None:
        """The capture whose record has this identifier (``urn:uuid:...``)."""
        return self._by_id.get(record_id)

    def captures(self, url: str) -> tuple[Entry, ...]:
        """Every capture of ``url``, oldest first. ``url`` as it was asked for or as it was sent (percent-encoded)."""
        return tuple(self._by_url.get(url) or self._by_url.get(as_sent(url)) or ())

    def read(self, entry: Entry) -> ArchivedResponse:
        """The capture of an entry, whole."""
        return read_capture(self.directory, entry.warc_file, entry.offset)


def read_capture(directory: Path, warc_file: str, offset: int) -> ArchivedResponse:
    """The response or revisit that begins at byte ``offset`` of ``warc_file`` (also while that file is still open).

    A revisit comes with the payload it refers to. Raises :class:`CaptureNotFoundError`, naming the file, where there
    is no whole record of a response, or where that of a revisit's payload is gone or is another.
    """
    path, record = _record(directory, warc_file, offset)
    start_line, headers, body = warc.split_http(record.block)
    truncated, original = record.fields.get("warc-truncated"), None
    if record.type == "revisit":
        original, source = _original(directory, path, offset, record)
        first_line, first_headers, body = warc.split_http(source.block)
        truncated = None
        if record.fields.get("warc-profile") == NOT_MODIFIED:
            start_line, headers = first_line, first_headers
    return ArchivedResponse(
        url=record.fields["warc-target-uri"],
        at=record.date,
        start_line=start_line,
        status=status_of(start_line),
        headers=headers,
        body=body,
        record_id=record.record_id,
        truncated=truncated,
        ip=record.fields.get("warc-ip-address"),
        revisit_of=original,
    )


def find_original(directory: Path, warc_file: str, offset: int) -> Original:
    """The response at that place, or the one that the revisit there refers to, its payload checked against its digest.

    Raises :class:`CaptureNotFoundError` where it cannot be read, is damaged, or ends early.
    """
    path, record = _record(directory, warc_file, offset)
    if record.type == "revisit":
        return _original(directory, path, offset, record)[0]
    return _checked(path, warc_file, offset, record)


def _original(directory: Path, path: Path, offset: int, revisit: warc.Record) -> tuple[Original, warc.Record]:
    record = revisit
    for _ in range(_LONGEST_CHAIN):
        if record.fields.get("warc-profile") not in (IDENTICAL_PAYLOAD, NOT_MODIFIED):
            raise CaptureNotFoundError(f"{path}, byte {offset}: a revisit of an unknown profile")
        place = record.fields.get("warc-refers-to-file-offset", "")
        if not place.isdecimal():
            raise CaptureNotFoundError(f"{path}, byte {offset}: a revisit that does not say where its payload stands")
        warc_file, at = record.fields.get("warc-refers-to-filename", ""), int(place)
        try:
            there, found = _record(directory, warc_file, at)
        except CaptureNotFoundError as error:
            raise CaptureNotFoundError(f"{path}, byte {offset}: a revisit whose payload is lost: {error}") from error
        wanted = record.fields.get("warc-refers-to", "").strip("<>")
        if found.record_id != wanted:
            raise CaptureNotFoundError(
                f"{path}, byte {offset}: a revisit of {wanted}, and {there}, byte {at}, is {found.record_id}: one of "
                "the two files was put together anew; restore it from a copy"
            )
        if found.type == "response":
            original = _checked(there, warc_file, at, found)
            if original.payload_digest != revisit.fields.get("warc-payload-digest"):
                raise CaptureNotFoundError(f"{path}, byte {offset}: a revisit of another payload than {there} holds")
            return original, found
        record = found
    raise CaptureNotFoundError(f"{path}, byte {offset}: more than {_LONGEST_CHAIN} revisits in a row")


def _checked(path: Path, warc_file: str, offset: int, record: warc.Record) -> Original:
    payload = warc.split_http(record.block)[2]
    digest = warc.digest(payload)
    if record.fields.get("warc-truncated") is not None or digest != record.fields.get("warc-payload-digest"):
        raise CaptureNotFoundError(f"{path}, byte {offset}: the payload is not whole")
    return Original(
        record.record_id,
        record.fields["warc-target-uri"],
        record.fields["warc-date"],
        digest,
        warc_file,
        offset,
    )


def _record(directory: Path, warc_file: str, offset: int) -> tuple[Path, warc.Record]:
    if not _WARC_NAME.fullmatch(warc_file):
        raise CaptureNotFoundError(f"{warc_file!r} is not the name of a WARC file of this archive")
    path = _existing(directory / warc_file)
    try:
        with path.open("rb") as stream:
            record = warc.member_at(stream, offset).record
    except (OSError, warc.DamagedRecordError) as error:
        raise CaptureNotFoundError(
            f"{path}, byte {offset}: {error}; run `nianbao archive verify` to see what is damaged"
        ) from error
    if record.type not in CAPTURED:
        raise CaptureNotFoundError(f"{path}, byte {offset}: a {record.type or 'nameless'} record, not a response")
    if not record.fields.get("warc-target-uri") or date_of(record) is None:
        raise CaptureNotFoundError(
            f"{path}, byte {offset}: a {record.type} that does not say of what address (WARC-Target-URI) or instant "
            "(WARC-Date) it is; run `nianbao archive verify`"
        )
    return path, record


def warc_files(directory: Path) -> tuple[Path, ...]:
    """The WARC files of an archive folder, closed and open, by name; each once, also if it is closed meanwhile."""
    # open files first: one that is closed between the two looks is then seen twice, and not never
    still_open = list(directory.glob("*.warc.gz.open"))
    closed = {path.name: path for path in directory.glob("*.warc.gz")}
    found = closed | {name: path for path in still_open if (name := path.name.removesuffix(".open")) not in closed}
    return tuple(path for _, path in sorted(found.items()))


def scan(directory: Path) -> Iterator[Entry]:
    """Every capture of the folder: from the index of a closed file, else from the file itself."""
    for path in warc_files(directory):
        index = index_path(path)
        if path.suffix == ".gz" and index.exists():
            try:
                entries = tuple(read_index(index))
            except ValueError:
                pass  # the index is derived from the file, so the file is asked instead; a reindex writes it anew
            else:
                yield from entries
                continue
        yield from scan_file(path)


def scan_file(path: Path) -> Iterator[Entry]:
    """Every whole capture of one WARC file, past damaged stretches and up to a torn end."""
    name = path.name.removesuffix(".open")
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        if path.suffix != ".open":
            raise
        yield from scan_file(path.with_name(name))  # closed between listing and opening
        return
    with stream:
        for member in warc.walk(stream, os.fstat(stream.fileno()).st_size):
            if isinstance(member, warc.Member) and (entry := entry_of(member, name)) is not None:
                yield entry


def entry_of(member: warc.Member, warc_file: str) -> Entry | None:
    """The index entry of a response or revisit; ``None`` for a record of another kind, or one that does not say of what
    address or instant it is."""
    record = member.record
    at = date_of(record)
    if record.type not in CAPTURED or at is None or not record.fields.get("warc-target-uri"):
        return None
    start_line, _, _ = record.block.partition(b"\r\n")
    return Entry(
        url=record.fields["warc-target-uri"],
        at=at,
        warc_file=warc_file,
        offset=member.offset,
        length=member.length,
        status=status_of(start_line.decode("latin-1")),
        record_id=record.record_id,
        revisit=record.type == "revisit",
    )


def date_of(record: warc.Record) -> datetime | None:
    """``WARC-Date``; ``None`` where it is missing or no instant."""
    try:
        at = record.date
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def status_of(start_line: str) -> int:
    """The status in ``HTTP/1.1 200 OK``; 0 where there is none."""
    parts = start_line.split(" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 0


def _existing(path: Path) -> Path:
    still_open = path.with_name(path.name + ".open")
    for candidate in (path, still_open, path):  # thrice: it may be closed between the looks
        if candidate.exists():
            return candidate
    raise CaptureNotFoundError(f"{path} is not there; the capture's file was moved or removed")
