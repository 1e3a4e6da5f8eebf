"""Finding a capture by address and time, and reading it back.

Each closed WARC file has a CDXJ index beside it (``NAME.cdxj``: sort key, 14-digit UTC time, JSON), the form that
pywb and other replay tools read. An index can be rebuilt from its file alone; files without one (open, or the index
lost) are scanned.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests

from scrapers.web import warc
from scrapers.web.content_coding import decode_content

MAX_PAYLOAD = 256 * 1024 * 1024
_WARC_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.warc\.gz")


class CaptureNotFoundError(LookupError):
    """The archive holds no such capture, or not where it was said to be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One response in the archive."""

    url: str
    at: datetime
    warc_file: str
    offset: int
    length: int
    """Compressed bytes."""
    status: int
    record_id: str


@dataclass(frozen=True, slots=True)
class ArchivedResponse:
    """A response as the archive holds it: headers as sent, body before content decoding."""

    url: str
    at: datetime
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    record_id: str
    truncated: str | None
    """``WARC-Truncated``: why the body ends early, else ``None``."""

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
        for entry in scan(directory):
            self._by_url.setdefault(entry.url, []).append(entry)
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

    def captures(self, url: str) -> tuple[Entry, ...]:
        """Every capture of ``url``, oldest first. ``url`` as it was asked for or as it was sent (percent-encoded)."""
        return tuple(self._by_url.get(url) or self._by_url.get(as_sent(url)) or ())

    def read(self, entry: Entry) -> ArchivedResponse:
        return read(self.directory, entry.warc_file, entry.offset)


def read(directory: Path, warc_file: str, offset: int) -> ArchivedResponse:
    """The response that begins at byte ``offset`` of ``warc_file`` (also while that file is still open).

    Raises :class:`CaptureNotFoundError`, naming the file, where there is no whole response record.
    """
    if not _WARC_NAME.fullmatch(warc_file):
        raise CaptureNotFoundError(f"{warc_file!r} is not the name of a WARC file of this archive")
    path = _existing(directory / warc_file)
    try:
        with path.open("rb") as stream:
            record = warc.member_at(stream, offset).record
    except (OSError, warc.DamagedRecordError) as error:
        raise CaptureNotFoundError(
            f"{path}, byte {offset}: {error}; run `warcio check {path}` to see what is left"
        ) from error
    if record.type != "response":
        raise CaptureNotFoundError(f"{path}, byte {offset}: a {record.type or 'nameless'} record, not a response")
    start_line, headers, body = warc.split_http(record.block)
    return ArchivedResponse(
        url=record.fields["warc-target-uri"],
        at=record.date,
        status=_status(start_line),
        headers=headers,
        body=body,
        record_id=record.record_id,
        truncated=record.fields.get("warc-truncated"),
    )


def scan(directory: Path) -> Iterator[Entry]:
    """Every response of the folder: from the index of a closed file, else from the file itself."""
    # open files first: one that is closed between the two looks is then seen twice, and not never
    still_open = list(directory.glob("*.warc.gz.open"))
    closed = {path.name: path for path in directory.glob("*.warc.gz")}
    found = closed | {name: path for path in still_open if (name := path.name.removesuffix(".open")) not in closed}
    for _, path in sorted(found.items()):
        index = index_path(path)
        if path.suffix == ".gz" and index.exists():
            yield from read_index(index)
        else:
            yield from scan_file(path)


def scan_file(path: Path) -> Iterator[Entry]:
    """Every whole response of one WARC file, past damaged stretches and up to a torn end."""
    name = path.name.removesuffix(".open")
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        if path.suffix != ".open":
            raise
        yield from scan_file(path.with_name(name))  # closed between listing and opening
        return
    with stream:
        offset: int | None = 0
        end = os.fstat(stream.fileno()).st_size
        while offset is not None and offset < end:
            try:
                member = warc.member_at(stream, offset)
            except warc.DamagedRecordError:
                offset = warc.next_member(stream, offset)
                continue
            entry = entry_of(member, name)
            if entry is not None:
                yield entry
            offset += member.length


def reindex(directory: Path) -> int:
    """Write the index of every closed file anew from the file alone. Returns the number of captures."""
    count = 0
    for path in sorted(directory.glob("*.warc.gz")):
        entries = list(scan_file(path))
        write_index(path, entries)
        count += len(entries)
    return count


def entry_of(member: warc.Member, warc_file: str) -> Entry | None:
    """The index entry of a response record; ``None`` for a record of another kind."""
    record = member.record
    if record.type != "response":
        return None
    start_line, _, _ = record.block.partition(b"\r\n")
    return Entry(
        url=record.fields["warc-target-uri"],
        at=record.date,
        warc_file=warc_file,
        offset=member.offset,
        length=member.length,
        status=_status(start_line.decode("latin-1")),
        record_id=record.record_id,
    )


def index_path(warc_path: Path) -> Path:
    return warc_path.with_name(warc_path.name.removesuffix(".open").removesuffix(".warc.gz") + ".cdxj")


def write_index(warc_path: Path, entries: Iterable[Entry]) -> None:
    """Write the CDXJ index of a WARC file, sorted, in one piece."""
    lines = sorted(_cdxj(entry) for entry in entries)
    path = index_path(warc_path)
    part = path.with_name(path.name + ".part")
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(path)


def read_index(path: Path) -> Iterator[Entry]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line.split(" ", 2)[2])
            yield Entry(
                url=row["url"],
                at=datetime.fromisoformat(row["date"]),
                warc_file=row["filename"],
                offset=int(row["offset"]),
                length=int(row["length"]),
                status=int(row["status"]),
                record_id=row["id"],
            )


def as_sent(url: str) -> str:
    """The address as requests sends it: letters outside ASCII and blanks percent-encoded, the host in IDNA."""
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(url, None)  # type: ignore[no-untyped-call, unused-ignore]
    except requests.RequestException:
        return url
    return str(prepared.url)


def _cdxj(entry: Entry) -> str:
    row = {
        "url": entry.url,
        "status": str(entry.status),
        "length": str(entry.length),
        "offset": str(entry.offset),
        "filename": entry.warc_file,
        "date": entry.at.astimezone(UTC).isoformat(),
        "id": entry.record_id,
    }
    return f"{surt(entry.url)} {entry.at.astimezone(UTC):%Y%m%d%H%M%S} {json.dumps(row, ensure_ascii=False)}\n"


def surt(url: str) -> str:
    """Sort-friendly form of an address, host reversed: ``cn,gov,pj)/art/1.html?a=b``; no blank in it."""
    parts = urlsplit(url)
    host = ",".join(reversed((parts.hostname or "").split(".")))
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    return re.sub(r"\s", "%20", f"{host}{port}){parts.path or '/'}{query}".lower())


def _existing(path: Path) -> Path:
    still_open = path.with_name(path.name + ".open")
    for candidate in (path, still_open, path):  # thrice: it may be closed between the looks
        if candidate.exists():
            return candidate
    raise CaptureNotFoundError(f"{path} is not there; the capture's file was moved or removed")


def _status(start_line: str) -> int:
    parts = start_line.split(" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 0
