"""The archive beside warcio and, where it is installed, fastwarc: writing, reading and checking the same pages.

Each contestant runs in a process of its own, in turn, a few rounds; the median counts. Pages are made up: Chinese
text between markup, of which zlib takes about as much away as of real pages. The last row is the archive of a whole
crawl: 10,000 pages in 50 host groups, eight threads, fetched again once (all unchanged), for its peak memory.
"""

from __future__ import annotations

import io
import json
import random
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from scrapers.records import KnownPage, Place, State
from scrapers.web.archive import Archive
from scrapers.web.archive_check import check_file
from scrapers.web.archive_scan import scan_records
from scrapers.web.exchange import Exchange
from tests.bench.memory import peak_mib

PAGES = 2_000
CRAWLED = 10_000
PAGE_BYTES = 66 * 1024
ROUNDS = 3
MEMORY_LIMIT = 400
"""MiB that the archive of a crawl of ``CRAWLED`` pages may take."""


_CHARACTERS = [chr(code) for code in range(0x4E00, 0x6E00)]


def page(number: int) -> bytes:
    """A page of about ``PAGE_BYTES``, different for each number."""
    chance = random.Random(number)
    pieces, size = [], 0
    while size < PAGE_BYTES:
        text = "".join(chance.choices(_CHARACTERS, k=40))
        piece = f'<p class="indent" style="text-indent: 2em; line-height: 28pt">{text * 3}</p>\n'.encode()
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def exchange(number: int, body: bytes) -> Exchange:
    """The page as it was asked for and answered."""
    host = f"www.site{number % 50}.test"
    return Exchange(
        url=f"http://{host}/art/{number}.html",
        at=datetime.now(UTC),
        method="GET",
        target=f"/art/{number}.html",
        request_headers=(("Host", host), ("User-Agent", "nianbao-bench"), ("Accept", "*/*")),
        request_body=b"",
        protocol="HTTP/1.1",
        status=200,
        reason="OK",
        headers=(("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))), ("ETag", '"v1"')),
        body=body,
    )


def main() -> None:
    """Print seconds for each task with ratios to warcio, and the peak memory of a whole crawl's archive."""
    tasks = {
        "write": ("nianbao", "warcio", "warcio level 3", "fastwarc"),
        "read every record": ("nianbao", "warcio", "fastwarc"),
        "check every digest": ("nianbao", "warcio", "fastwarc"),
    }
    with TemporaryDirectory() as folder:
        path = Path(folder)
        _run("write", "nianbao", path / "pages")
        (warc,) = (path / "pages").glob("*.warc.gz")
        table = Table("task", "contestant", "seconds", "pages/s", "x warcio", "MiB written", title=_title())
        for task, contestants in tasks.items():
            measured: dict[str, list[dict[str, float]]] = {}
            for round_ in range(ROUNDS):
                for name in contestants:
                    target = path / f"{task}-{name}-{round_}" if task == "write" else warc
                    if (found := _run(task, name, target)) is not None:
                        measured.setdefault(name, []).append(found)
            seconds = {name: statistics.median(one["seconds"] for one in runs) for name, runs in measured.items()}
            for name, taken in seconds.items():
                mib = measured[name][0].get("mib")
                table.add_row(
                    task,
                    name,
                    f"{taken:.2f}",
                    f"{PAGES / taken:.0f}",
                    f"{seconds['warcio'] / taken:.2f}",
                    f"{mib:.0f}" if mib is not None else "",
                )
        crawl = _run("crawl", "nianbao", path / "crawl")
    console = Console(width=120)
    console.print(table)
    if crawl is None:
        raise SystemExit("the archive of a crawl could not be measured")
    console.print(
        f"{CRAWLED} pages of {PAGE_BYTES // 1024} KiB written in {crawl['seconds']:.0f} s ({crawl['mib']:.0f} MiB), "
        f"and again unchanged in {crawl['again']:.0f} s ({crawl['again_mib']:.0f} MiB); "
        f"both indexed in {crawl['indexed']:.0f} s; "
        f"peak memory {crawl['peak_mib']:.0f} MiB, the limit is {MEMORY_LIMIT}"
    )
    if crawl["peak_mib"] > MEMORY_LIMIT:
        raise SystemExit(f"the archive took more than {MEMORY_LIMIT} MiB")


def _title() -> str:
    return f"{PAGES} pages of {PAGE_BYTES // 1024} KiB, one process; median of {ROUNDS} rounds"


def _run(task: str, name: str, target: Path) -> dict[str, float] | None:
    """What a contestant measured of itself; ``None`` where its library is not installed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.archiving", task, name, str(target)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode == 77:
        return None
    done.check_returncode()
    return dict(json.loads(done.stdout.splitlines()[-1]))


def contestant(task: str, name: str, target: Path) -> None:
    """One contestant at one task: prints a JSON object. Exit code 77 where its library is not installed."""
    library = name.split(" ")[0]
    if library == "fastwarc":
        try:
            import fastwarc  # noqa: F401
        except ImportError:
            raise SystemExit(77) from None
    measured = {
        ("write", "nianbao"): lambda: _write(target),
        ("write", "warcio"): lambda: _write_with_warcio(target, level=9),
        ("write", "warcio level 3"): lambda: _write_with_warcio(target, level=3),
        ("write", "fastwarc"): lambda: _write_with_fastwarc(target),
        ("read every record", "nianbao"): lambda: _counted(len(scan_records(target).records)),
        ("read every record", "warcio"): lambda: _counted(_read_with_warcio(target, check=False)),
        ("read every record", "fastwarc"): lambda: _counted(_read_with_fastwarc(target, check=False)),
        ("check every digest", "nianbao"): lambda: _checked(target),
        ("check every digest", "warcio"): lambda: _counted(_read_with_warcio(target, check=True)),
        ("check every digest", "fastwarc"): lambda: _counted(_read_with_fastwarc(target, check=True)),
        ("crawl", "nianbao"): lambda: _crawl(target),
    }[task, name]
    exchanges = [exchange(n, page(n)) for n in range(PAGES)] if task == "write" else []
    _pages.extend(exchanges)
    started = time.perf_counter()
    figures: dict[str, float] = measured()  # type: ignore[no-untyped-call]  # a table of lambdas
    figures.setdefault("seconds", time.perf_counter() - started)
    print(json.dumps(figures))


_pages: list[Exchange] = []


def _size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.glob("*.warc.gz")) / 2**20


def _counted(records: int) -> dict[str, float]:
    if records != 1 + 2 * PAGES:
        raise SystemExit(f"{records} records were read, and {1 + 2 * PAGES} are there")
    return {}


def _checked(target: Path) -> dict[str, float]:
    checked = check_file(target)
    if checked.faults:
        raise SystemExit(str(checked.faults[0]))
    return _counted(checked.file.records)


def _write(target: Path) -> dict[str, float]:
    with Archive(target, run_id="bench") as archive:
        for one in _pages:
            archive.write(one)
    return {"mib": _size(target)}


def _write_with_warcio(target: Path, level: int) -> dict[str, float]:
    import warcio.warcwriter
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import GzippingWrapper, WARCWriter

    class Levelled(GzippingWrapper):  # type: ignore[misc]
        def __init__(self, out: io.BufferedIOBase) -> None:
            import zlib

            super().__init__(out)
            self.compressor = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS + 16)

    warcio.warcwriter.GzippingWrapper = Levelled
    target.mkdir(parents=True)
    with (target / "pages.warc.gz").open("wb") as stream:
        writer = WARCWriter(stream, gzip=True, warc_version="WARC/1.1")
        writer.write_record(writer.create_warcinfo_record("pages.warc.gz", {"software": "warcio"}))
        for one in _pages:
            answer = StatusAndHeaders("200 OK", list(one.headers), protocol="HTTP/1.1")
            asked = StatusAndHeaders(f"GET {one.target} HTTP/1.1", list(one.request_headers), is_http_request=True)
            response = writer.create_warc_record(one.url, "response", io.BytesIO(one.body), http_headers=answer)
            request = writer.create_warc_record(one.url, "request", http_headers=asked)
            writer.write_request_response_pair(request, response)
    return {"mib": _size(target)}


def _write_with_fastwarc(target: Path) -> dict[str, float]:
    from fastwarc.stream_io import FileStream, GZipStream
    from fastwarc.warc import WarcRecord, WarcRecordType

    target.mkdir(parents=True)
    stream = GZipStream(FileStream(str(target / "pages.warc.gz"), "wb"), compression_level=3)
    for one in _pages:
        for kind, head, headers, body in (
            (WarcRecordType.response, "HTTP/1.1 200 OK", one.headers, one.body),
            (WarcRecordType.request, f"GET {one.target} HTTP/1.1", one.request_headers, b""),
        ):
            lines = "\r\n".join([head, *(f"{name}: {value}" for name, value in headers)])
            record = WarcRecord()
            record.init_headers(0, kind)
            record.headers["WARC-Target-URI"] = one.url
            record.set_bytes_content(lines.encode() + b"\r\n\r\n" + body)
            record.is_http = True
            record.parse_http()
            record.write(stream, checksum_data=True)
    stream.close()
    return {"mib": _size(target)}


def _read_with_warcio(target: Path, *, check: bool) -> int:
    from warcio.archiveiterator import ArchiveIterator

    records = 0
    with target.open("rb") as stream:
        for record in ArchiveIterator(stream, check_digests=check):
            record.content_stream().read()
            if check and record.digest_checker.passed is False:
                raise SystemExit(str(record.digest_checker.problems))
            records += 1
    return records


def _read_with_fastwarc(target: Path, *, check: bool) -> int:
    from fastwarc.stream_io import FileStream
    from fastwarc.warc import ArchiveIterator, WarcRecordType

    records = 0
    for record in ArchiveIterator(FileStream(str(target), "rb"), parse_http=False):
        if check and not record.verify_block_digest(consume=False):
            raise SystemExit(f"{record.record_id}: the block digest does not hold")
        record.parse_http()
        if not check:
            record.reader.read()
        elif record.record_type == WarcRecordType.response and not record.verify_payload_digest(consume=True):
            raise SystemExit(f"{record.record_id}: the payload digest does not hold")
        records += 1
    return records


def _crawl(target: Path) -> dict[str, float]:
    """Write ``CRAWLED`` pages with eight threads, then the same pages as a second run finds them, and index all."""
    started = time.perf_counter()
    places: dict[int, Place] = {}

    def first(number: int) -> None:
        one = exchange(number, page(number))
        at = archive.write(one, group=one.url.split("/")[2])
        places[number] = Place(at.warc_file, at.offset)

    def again(number: int) -> None:
        one = exchange(number, page(number))
        known = KnownPage(one.url, State.ACCEPTED, etag='"v1"', archived=places[number])
        archive.write(one, group=one.url.split("/")[2], known=known)

    with Archive(target, run_id="first") as archive, ThreadPoolExecutor(8) as pool:
        list(pool.map(first, range(CRAWLED)))
    written, size = time.perf_counter() - started, _size(target)
    started = time.perf_counter()
    with Archive(target, run_id="again") as archive, ThreadPoolExecutor(8) as pool:
        list(pool.map(again, range(CRAWLED)))
    rewritten = time.perf_counter() - started
    started = time.perf_counter()
    records = sum(len(scan_records(path).records) for path in target.glob("*.warc.gz"))
    if records != 2 * (2 * CRAWLED) + 2 * 50:
        raise SystemExit(f"{records} records are in the archive")
    return {
        "seconds": written,
        "mib": size,
        "again": rewritten,
        "again_mib": _size(target) - size,
        "indexed": time.perf_counter() - started,
        "peak_mib": peak_mib(),
    }


if __name__ == "__main__":
    contestant(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
