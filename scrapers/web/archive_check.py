"""Whether a WARC file is what it was when it was written: every member, length, digest and link between records."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scrapers.records import ArchivedFile
from scrapers.web import warc
from scrapers.web.archive_file import as_archive_error, is_being_written
from scrapers.web.archive_scan import Summary
from scrapers.web.capture_index import CAPTURED, CaptureNotFoundError, date_of, find_original

_RESTORE = "restore the file from a copy; without one, nianbao crawl --recheck-days 0 fetches its pages again"
_KEPT = "the records before and after it are whole"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that is not as it should be."""

    warc_file: str
    offset: int
    """Byte at which the record, or the stretch that holds none, begins."""
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.warc_file}, byte {self.offset}: {self.what}. What to do: {self.advice}"


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file and what is wrong with it."""

    file: ArchivedFile
    captures: tuple[tuple[str, int], ...]
    """Record identifier and offset of each response and revisit whose record is whole."""
    faults: tuple[Fault, ...]
    state: str
    """``closed``, ``being written``, or ``left open`` by a run that was killed."""
    torn: str | None = None
    """Of a file left open: what its torn end is; the next crawl cuts it off and sets it aside."""


def check_file(path: Path) -> CheckedFile:
    """Read every record of a file in its archive folder. Raises :class:`~scrapers.web.archive_file.ArchiveError` where
    it cannot be opened. A file that is being written is checked up to its last whole record.
    """
    name = path.name.removesuffix(".open")
    state = "closed" if path.suffix != ".open" else "being written" if is_being_written(path) else "left open"
    faults: list[Fault] = []
    captures: dict[str, int] = {}
    torn = None
    with as_archive_error(path, "read"), path.open("rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        summary = Summary(path, size)
        for found in warc.walk(stream, size):
            if isinstance(found, warc.Damage):
                if found.at_end and state != "closed":
                    torn = f"{found.length} bytes at {found.offset} are a torn last record"
                    continue
                summary.add(found)
                lost = f"{found.length} bytes hold no whole record ({found.reason})"
                faults.append(Fault(name, found.offset, lost, f"{_KEPT}; {_RESTORE}"))
                continue
            row = summary.add(found)
            if row is not None and row.type in CAPTURED:
                captures[row.record_id] = row.offset
            faults += (
                Fault(name, found.offset, what, advice) for what, advice in _faults(found, name, path.parent, captures)
            )
    if size == 0 and state == "closed":
        faults.append(Fault(name, 0, "the file is empty", _RESTORE))
    return CheckedFile(summary.file(), tuple(captures.items()), tuple(faults), state, torn)


def _faults(
    member: warc.Member, warc_file: str, directory: Path, captures: dict[str, int]
) -> Iterator[tuple[str, str]]:
    """What is wrong with one whole record, and what to do about it."""
    record, fields = member.record, member.record.fields
    if not record.record_id or not record.type:
        yield "a record without WARC-Record-ID or WARC-Type", _RESTORE
    if date_of(record) is None:
        yield "a record whose WARC-Date is no instant", _RESTORE
    if record.type in (*CAPTURED, "request") and not fields.get("warc-target-uri"):
        yield f"a {record.type} without WARC-Target-URI", _RESTORE
    stated = fields.get("warc-block-digest")
    if stated is not None and warc.digest_holds(stated, record.block) is False:
        yield f"the block of {record.record_id} does not have its digest", f"{_KEPT}; {_RESTORE}"
    stated = fields.get("warc-payload-digest")
    if record.type == "response" and stated is not None:
        payload = warc.split_http(record.block)[2]
        if warc.digest_holds(stated, payload) is False:
            yield f"the payload of {record.record_id} does not have its digest", f"{_KEPT}; {_RESTORE}"
    if record.type == "request":
        answer = fields.get("warc-concurrent-to", "").strip("<>")
        if answer not in captures:
            yield f"a request whose answer {answer or '(not named)'} is not in this file", f"{_KEPT}; {_RESTORE}"
    if record.type == "revisit":
        try:
            find_original(directory, warc_file, member.offset)
        except CaptureNotFoundError as error:
            said = str(error).removeprefix(f"{directory / warc_file}, byte {member.offset}: ")  # as the fault says
            yield f"its payload cannot be had: {said}", "put the file that it names back"
    if record.type == "warcinfo":
        named = fields.get("warc-filename")
        if named is not None and named != warc_file:
            yield f"the file was written as {named}", f"rename it to {named}: captures are looked for under that name"
