"""What a WARC file holds, record by record, for the archive's index: read from the file alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from scrapers.records import ArchivedFile, ArchivedRecord
from scrapers.web import warc
from scrapers.web.archive_file import as_archive_error
from scrapers.web.capture_index import CAPTURED, date_of, entry_of, status_of
from scrapers.web.cdxj import Entry


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file with its whole records, in their order."""

    file: ArchivedFile
    records: tuple[ArchivedRecord, ...]
    entries: tuple[Entry, ...]
    """What the CDXJ index beside the file says of it."""


class Summary:
    """Gathers what is said of a file as a whole while its records are read one by one."""

    def __init__(self, path: Path, size: int) -> None:
        self.name = path.name.removesuffix(".open")
        self._size = size
        self._said: dict[str, str] = {}
        self._count = 0
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._damage: list[str] = []

    def add(self, found: warc.Member | warc.Damage) -> ArchivedRecord | None:
        """Take the next thing in the file; the row of a record, ``None`` for damage."""
        if isinstance(found, warc.Damage):
            self._damage.append(f"{found.length} bytes at {found.offset}: {found.reason}")
            return None
        row = archived_record(found)
        if row.type == "warcinfo" and not self._said:
            self._said = fields_of(found.record.block)
        self._count += 1
        if row.at is not None:
            self._first = row.at if self._first is None else min(self._first, row.at)
            self._last = row.at if self._last is None else max(self._last, row.at)
        return row

    def file(self) -> ArchivedFile:
        """The file, as far as it was read."""
        return ArchivedFile(
            self.name,
            self._said.get("isPartOf"),
            self._said.get("nianbao-host-group"),
            self._size,
            self._count,
            self._first,
            self._last,
            tuple(self._damage),
        )


def scan_records(path: Path) -> ScannedFile:
    """Read a file, past damaged stretches. Raises :class:`~scrapers.web.archive_file.ArchiveError` where it cannot be
    opened."""
    with as_archive_error(path, "read"), path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        summary = Summary(path, size)
        records, entries = [], []
        for found in warc.walk(stream, size):
            if (row := summary.add(found)) is not None:
                records.append(row)
            if isinstance(found, warc.Member) and (entry := entry_of(found, summary.name)) is not None:
                entries.append(entry)
    return ScannedFile(summary.file(), tuple(records), tuple(entries))


def archived_record(member: warc.Member) -> ArchivedRecord:
    """The index row of a record."""
    record, fields = member.record, member.record.fields
    status = content_type = None
    if record.type in CAPTURED:
        head = record.block.partition(b"\r\n\r\n")[0].decode("latin-1")
        start_line, *lines = head.split("\r\n")
        stated = status_of(start_line)
        status = stated if 100 <= stated <= 999 else None
        named = ((name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines))
        content_type = next((value for name, value in named if name == "content-type"), None)
    return ArchivedRecord(
        record_id=record.record_id,
        offset=member.offset,
        length=member.length,
        type=record.type,
        at=date_of(record),
        url=fields.get("warc-target-uri"),
        status=status,
        content_type=content_type,
        payload_digest=fields.get("warc-payload-digest"),
        refers_to=_identifier(fields.get("warc-refers-to")),
        concurrent_to=_identifier(fields.get("warc-concurrent-to")),
    )


def fields_of(block: bytes) -> dict[str, str]:
    """The fields of an ``application/warc-fields`` block."""
    pairs = (line.partition(":") for line in block.decode("utf-8", "replace").splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def _identifier(value: str | None) -> str | None:
    return None if value is None else value.strip("<>")
