"""Answers that a run archived before it was cut short, and that no batch brought to the warehouse.

They are read, judged and landed like any answer, without asking the site for the same bytes again: a run that is killed
and started again sends each request once, but for those that were on their way.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from pathlib import Path

from scrapers.web import warc
from scrapers.web.archive import Position
from scrapers.web.capture_index import ArchivedResponse, CaptureNotFoundError, read_capture
from scrapers.web.cdxj import Entry
from scrapers.web.exchange import Exchange
from scrapers.web.wire import Answer

_Key = tuple[str, str, str]


class LeftBehind:
    """The answers at ``entries`` of the archive folder, each to be taken once. Safe for threads.

    Only whole answers with status 200 count: a refusal, a redirect with its cookie or a broken answer is asked for
    anew. Of several to one request the newest is taken.
    """

    def __init__(self, directory: Path, entries: Iterable[Entry] = ()) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._entries: dict[_Key, Entry] = {}
        for entry in sorted(entries, key=lambda entry: entry.at):
            if entry.status == 200 and (key := self._key_of(entry)) is not None:
                self._entries[key] = entry

    def __len__(self) -> int:
        return len(self._entries)

    def take(self, method: str, url: str, body: bytes) -> tuple[Answer, Position] | None:
        """The answer to this request with its place in the archive; ``None`` where there is none, or no longer."""
        with self._lock:
            entry = self._entries.pop(_key(method, url, body), None)
        if entry is None:
            return None
        try:
            found = read_capture(self._directory, entry.warc_file, entry.offset)
        except CaptureNotFoundError:
            return None  # damaged or moved away meanwhile: `archive verify` says so, and the site is asked
        if found.truncated is not None:
            return None
        return Answer(_exchange(found, method, body)), Position(entry.warc_file, entry.offset, entry.record_id)

    def _key_of(self, entry: Entry) -> _Key | None:
        """What was asked: the request stands right behind its answer."""
        path = self._directory / entry.warc_file
        try:
            with path.open("rb") as stream:
                record = warc.member_at(stream, entry.offset + entry.length).record
        except (OSError, warc.DamagedRecordError):
            return None
        if record.type != "request" or record.fields.get("warc-concurrent-to", "").strip("<>") != entry.record_id:
            return None
        start_line, _, body = warc.split_http(record.block)
        return _key(start_line.split(" ", 1)[0], entry.url, body)


def _key(method: str, url: str, body: bytes) -> _Key:
    return method, url, hashlib.sha256(body).hexdigest() if body else ""


def _exchange(found: ArchivedResponse, method: str, body: bytes) -> Exchange:
    protocol, _, rest = found.start_line.partition(" ")
    return Exchange(
        url=found.url,
        at=found.at,
        method=method,
        target="",
        request_headers=(),
        request_body=body,
        protocol=protocol,
        status=found.status,
        reason=rest.partition(" ")[2],
        headers=found.headers,
        body=found.body,
        ip=found.ip,
    )
