"""Exchanges for the archive's tests, and what other WARC software says of what was written."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warcio.checker import Checker

from scrapers.records import KnownPage, Place, State
from scrapers.web.archive import Archive, Position
from scrapers.web.exchange import Exchange

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)


def exchange(
    n: int = 1, body: bytes = b"<p>\xe6\x8a\xa5\xe5\x91\x8a</p>", at: datetime = NOON, **more: Any
) -> Exchange:
    """A page and how it was asked for."""
    fields: dict[str, object] = {
        "url": f"http://www.demo.test/art/{n}.html",
        "at": at,
        "method": "GET",
        "target": f"/art/{n}.html",
        "request_headers": (("Host", "www.demo.test"), ("User-Agent", "nianbao-test")),
        "request_body": b"",
        "protocol": "HTTP/1.1",
        "status": 200,
        "reason": "OK",
        "headers": (("Content-Type", "text/html"), ("Content-Length", str(len(body)))),
        "body": body,
    }
    return Exchange(**{**fields, **more})


def not_modified(n: int = 1, **more: Any) -> Exchange:
    """The answer to a conditional request for an unchanged page."""
    return exchange(n, b"", status=304, reason="Not Modified", headers=(("ETag", '"v1"'),), **more)


def known(position: Position, n: int = 1, etag: str | None = '"v1"') -> KnownPage:
    """What the ledger says of a page whose last full answer stands at ``position``."""
    return KnownPage(exchange(n).url, State.ACCEPTED, etag=etag, archived=Place(position.warc_file, position.offset))


def written(folder: Path, *exchanges: Exchange, run_id: str = "run-1") -> tuple[Position, ...]:
    """Positions of exchanges written to one closed file."""
    with Archive(folder, run_id=run_id) as archive:
        return tuple(archive.write(one) for one in exchanges)


def noise(size: int) -> bytes:
    """Bytes that do not compress."""
    return os.urandom(size)


def passes_warcio_check(path: Path) -> bool:
    class Command:
        inputs = (str(path),)
        verbose = False

    return bool(Checker(Command()).process_all() == 0)
