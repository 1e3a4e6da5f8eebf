"""The CDXJ index beside a WARC file (``NAME.cdxj``: sort key, 14-digit UTC time, JSON), the form that pywb and other
replay tools read. It can be made anew from its file alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import requests


@dataclass(frozen=True, slots=True)
class Entry:
    """One response or revisit in the archive."""

    url: str
    at: datetime
    warc_file: str
    offset: int
    length: int
    """Compressed bytes."""
    status: int
    record_id: str
    revisit: bool = False
    """Headers only: the payload is that of an earlier response, which the record names."""


INDEX_SUFFIX = ".cdxj"


def index_path(warc_path: Path) -> Path:
    """Where the index of a WARC file (open or closed) lies."""
    return warc_path.with_name(warc_path.name.removesuffix(".open").removesuffix(".warc.gz") + INDEX_SUFFIX)


def write_index(warc_path: Path, entries: Iterable[Entry]) -> None:
    """Write the CDXJ index of a WARC file, sorted, in one piece."""
    lines = sorted(_line(entry) for entry in entries)
    path = index_path(warc_path)
    part = path.with_name(path.name + ".part")
    part.write_text("".join(lines), encoding="utf-8")
    part.replace(path)


def read_index(path: Path) -> Iterator[Entry]:
    """The entries of an index, in its order. Raises ``ValueError`` for a line that is none."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line.split(" ", 2)[2])
                entry = Entry(
                    url=row["url"],
                    at=datetime.fromisoformat(row["date"]),
                    warc_file=row["filename"],
                    offset=int(row["offset"]),
                    length=int(row["length"]),
                    status=int(row["status"]),
                    record_id=row["id"],
                    revisit=row.get("mime") == "warc/revisit",
                )
            except (ValueError, KeyError, IndexError) as error:
                raise ValueError(f"{path}:{number}: not a line of a CDXJ index ({error!r})") from error
            yield entry


def as_sent(url: str) -> str:
    """The address as requests sends it: letters outside ASCII and blanks percent-encoded, the host in IDNA."""
    prepared = requests.PreparedRequest()
    try:
        prepared.prepare_url(url, None)  # type: ignore[no-untyped-call, unused-ignore]
    except requests.RequestException:
        return url
    return str(prepared.url)


def surt(url: str) -> str:
    """Sort-friendly form of an address, host reversed: ``cn,gov,pj)/art/1.html?a=b``; no blank in it."""
    parts = urlsplit(url)
    host = ",".join(reversed((parts.hostname or "").split(".")))
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    return re.sub(r"\s", "%20", f"{host}{port}){parts.path or '/'}{query}".lower())


def _line(entry: Entry) -> str:
    row = {
        "url": entry.url,
        **({"mime": "warc/revisit"} if entry.revisit else {}),
        "status": str(entry.status),
        "length": str(entry.length),
        "offset": str(entry.offset),
        "filename": entry.warc_file,
        "date": entry.at.astimezone(UTC).isoformat(),
        "id": entry.record_id,
    }
    return f"{surt(entry.url)} {entry.at.astimezone(UTC):%Y%m%d%H%M%S} {json.dumps(row, ensure_ascii=False)}\n"
