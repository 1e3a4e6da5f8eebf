"""Fetching beside Scrapy: 60 hosts x 50 pages of 66 KiB, 100 ms of latency, no pace, 32 at a time, bodies stored.

Each contestant runs in a process of its own against a server in a process of its own, in turn; the median counts. Ours
writes request and response as WARC records in gzip members with digests, asks robots.txt, resolves and checks every
address; Scrapy asks robots.txt and writes each body to a file. A contestant that misses a page ends the benchmark.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from tests.bench.page_server import page_server

HOSTS, PAGES, LATENCY, AT_ONCE = 60, 50, 0.1, 32
ROUNDS = 3
LONG = 167
"""Pages a host of the run whose memory is looked at: 10,020 in all."""
CONTESTANTS = ("scrapy", "nianbao")


def main() -> None:
    """Print pages a second, CPU a page and peak memory, with ratios to Scrapy."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    with TemporaryDirectory() as folder, page_server(HOSTS, LATENCY) as hosts:
        for round_ in range(ROUNDS):
            for name in CONTESTANTS:
                data = Path(folder) / f"{round_}-{name}"
                measured[name].append(_contest(name, hosts, PAGES, data))
        long = _contest("nianbao", hosts, LONG, Path(folder) / "long")
    _show(measured)
    print(f"nianbao, fetching and archiving {HOSTS * LONG:,} pages: peak {long['peak_mib']:.0f} MiB (400 asked)")


def _contest(name: str, hosts: tuple[str, ...], pages: int, data: Path) -> dict[str, float]:
    data.mkdir()
    plan = {"hosts": hosts, "pages": pages, "at_once": AT_ONCE, "folder": str(data)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.fetch_contestant", name, json.dumps(plan)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _show(measured: dict[str, list[dict[str, float]]]) -> None:
    middle = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in measured.items()
    }
    rate = {name: HOSTS * PAGES / found["seconds"] for name, found in middle.items()}
    table = Table(
        "fetch",
        "pages/s",
        "CPU ms a page",
        "peak MiB",
        "x scrapy, pages/s",
        "x scrapy, CPU",
        "x scrapy, memory",
        title=f"{HOSTS} hosts x {PAGES} pages, {LATENCY * 1000:.0f} ms latency, {AT_ONCE} at once; "
        f"median of {ROUNDS} rounds",
    )
    peer = middle["scrapy"]
    for name, found in middle.items():
        table.add_row(
            name,
            f"{rate[name]:.0f}",
            f"{found['cpu'] / (HOSTS * PAGES) * 1000:.2f}",
            f"{found['peak_mib']:.0f}",
            f"{rate[name] / rate['scrapy']:.2f}",
            f"{found['cpu'] / peer['cpu']:.2f}",
            f"{found['peak_mib'] / peer['peak_mib']:.2f}",
        )
    Console(width=120).print(table)
