"""A crawl of 1,000 detail pages on the loopback portal, without pacing: ours, ours under Prefect, and a bare loop.

Each contestant runs in a process of its own against a portal in a process of its own, in turn, a few rounds; the median
counts. The bare loop is what somebody writes in an afternoon: requests, BeautifulSoup, one INSERT a page; it keeps no
archive, no metadata and no ledger.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from deployments.portal.bench import bench_network, warm
from deployments.portal.proxy import Portal
from flows.serving.prefect_server import prefect_server

PAGES = 1000
ROUNDS = 3
CONTESTANTS = ("bare loop", "nianbao", "nianbao under Prefect")


def main() -> None:
    """Print pages a second and peak memory, with ratios to the bare loop and to the crawl without Prefect."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        proxy = stack.enter_context(_portal())
        api = stack.enter_context(prefect_server(folder / "prefect"))
        environment = os.environ | {"PREFECT_API_URL": api}
        for round_ in range(ROUNDS):
            for name in CONTESTANTS:
                data = folder / f"{round_}-{name.replace(' ', '-')}"
                done = subprocess.run(
                    [sys.executable, "-m", "tests.bench.contestant", name, proxy, str(data)],
                    env=environment,
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                measured[name].append(json.loads(done.stdout.splitlines()[-1]))
                time.sleep(2)  # Prefect's server digests the last run's events before the next contestant starts
    _show(measured)


def _show(measured: dict[str, list[dict[str, float]]]) -> None:
    rate = {name: statistics.median(PAGES / run["seconds"] for run in runs) for name, runs in measured.items()}
    peak = {name: statistics.median(run["peak_mib"] for run in runs) for name, runs in measured.items()}
    table = Table(
        "crawl",
        "pages/s",
        "peak MiB",
        "x bare loop",
        "x without Prefect",
        title=f"{PAGES} detail pages, one host, no pace; median of {ROUNDS} rounds",
    )
    for name in CONTESTANTS:
        table.add_row(
            name,
            f"{rate[name]:.0f}",
            f"{peak[name]:.0f}",
            f"{rate[name] / rate['bare loop']:.2f}",
            f"{rate[name] / rate['nianbao']:.2f}",
        )
    Console(width=120).print(table)


@contextmanager
def _portal() -> Iterator[str]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(10)


def _serve(pipe: Connection) -> None:
    network = bench_network(hosts=1, pages_per_host=PAGES)
    warm(network)
    with Portal(network) as portal:
        pipe.send(portal.url)
        pipe.recv()
