"""What Prefect costs: a crawl of 60 hosts as a flow against the same crawl as plain functions, by time and by CPU.

The network is that of the fetch benchmark: 60 hosts, 100 ms of latency, no pace, which is the hardest case: with the
usual two seconds between requests the same costs are spread over 25 times as long. Under Prefect counts everything: the
flow run, a task run a host, logs, events, artifacts; the server's CPU too, until it has digested the last event. Each
contestant runs in a process of its own, in turn; medians count.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from deployments.portal.bench import bench_network, bench_sources, warm
from deployments.portal.proxy import Portal
from flows.serving.prefect_server import server_child, wait_until_ready

HOSTS, PAGES, LATENCY_MS = 60, 50, 100.0
ROUNDS = 3
MOST = 0.10
"""Share of the plain crawl that orchestration may cost."""
QUIET_FOR = 5.0
"""Seconds in which the server used next to no CPU: it has digested what there was."""
PLAIN, FLOW = "plain functions", "Prefect flow"


def main(pages: int = PAGES) -> None:
    """Print both by time and CPU, and what Prefect adds, as a share of the plain crawl."""
    measured: dict[str, list[dict[str, float]]] = {PLAIN: [], FLOW: []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        proxy = stack.enter_context(_portal(pages))
        home = folder / "prefect"
        server, api = stack.enter_context(server_child(home))
        wait_until_ready(server, api, home)
        for round_ in range(ROUNDS):
            for name in measured:
                data = folder / f"{round_}-{name.replace(' ', '-')}"
                began, idle, at = _settled(server.pid)
                environment = os.environ | {"PREFECT_API_URL": api, "PREFECT_HOME": str(home)}
                done = subprocess.run(
                    [sys.executable, "-m", "tests.bench.orchestration", name, proxy, str(data), str(pages)],
                    env=environment,
                    stdout=subprocess.PIPE,
                    text=True,
                    check=True,
                )
                found = json.loads(done.stdout.splitlines()[-1])
                ended, _, now = _settled(server.pid)
                found["server_cpu"] = max(0.0, ended - began - idle * (now - at))
                measured[name].append(found)
    _show(measured, pages)


def _show(measured: dict[str, list[dict[str, float]]], pages: int) -> None:
    middle = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in measured.items()
    }
    table = Table(
        "crawl", "seconds", "CPU s", "server CPU s", "+ time", "+ CPU",
        title=f"{HOSTS} hosts x {pages} pages, {LATENCY_MS:.0f} ms latency, no pace; median of {ROUNDS} rounds",
    )  # fmt: skip
    plain = middle[PLAIN]
    for name, found in middle.items():
        server = found["server_cpu"] if name == FLOW else 0.0
        table.add_row(
            name,
            f"{found['seconds']:.1f}",
            f"{found['cpu']:.1f}",
            f"{server:.1f}",
            f"{(found['seconds'] / plain['seconds'] - 1):.1%}",
            f"{((found['cpu'] + server) / plain['cpu'] - 1):.1%}",
        )
    Console(width=120).print(table)
    share = middle[FLOW]["seconds"] / plain["seconds"] - 1
    print(
        f"orchestration: {share:.1%} of the crawl's time ({MOST:.0%} allowed): {'ok' if share <= MOST else 'TOO MUCH'}"
    )


def _settled(pid: int) -> tuple[float, float, float]:
    """CPU seconds of the server once it has nothing more to do, those it uses a second then, and the clock."""
    before = _cpu(pid)
    while True:
        time.sleep(QUIET_FOR)
        now = _cpu(pid)
        if now - before < 0.1 * QUIET_FOR:
            return now, (now - before) / QUIET_FOR, time.monotonic()
        before = now


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _portal(pages: int) -> Iterator[str]:
    """The network in a process of its own; yields the proxy's address."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, pages), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join(10)


def _serve(pipe: Connection, pages: int) -> None:
    network = bench_network(HOSTS, pages, LATENCY_MS)
    warm(network)
    with Portal(network) as portal:
        pipe.send(portal.url)
        pipe.recv()


def _contest() -> None:
    name, proxy, folder, pages = sys.argv[1:]
    data = Path(folder)
    registry = data / "sources"
    _write_registry(registry)
    os.environ.update(
        NIANBAO_PROXY=proxy,
        NIANBAO_DATA_DIR=folder,
        NIANBAO_PACE_SECONDS="0",
        NIANBAO_SOURCES_DIR=str(registry),
        NIANBAO_WORKERS="32",
    )
    from flows.crawling.crawl_run import crawl_plainly  # after the settings are in the environment
    from flows.settings import read_settings

    sources = bench_sources(HOSTS)
    if name == FLOW:
        from flows.crawl import CrawlParameters, crawl

        before, began = _own_cpu(), time.perf_counter()
        summary: Any = crawl(CrawlParameters())
    else:
        before, began = _own_cpu(), time.perf_counter()
        summary = crawl_plainly(read_settings(), sources, sources)
    seconds, cpu = time.perf_counter() - began, _own_cpu() - before
    if summary.new != HOSTS * int(pages):
        raise SystemExit(f"{name} brought {summary.new} of {HOSTS * int(pages)} pages: the figures would mean nothing")
    print(json.dumps({"seconds": seconds, "cpu": cpu}))


def _own_cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def _write_registry(folder: Path) -> None:
    for source in bench_sources(HOSTS):
        (column,) = source.columns
        path = folder / f"{source.id}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'publisher = "{source.publisher}"\nlevel = "{source.level}"\ndivision_code = "{source.division_code}"\n'
            f'hosts = ["{source.hosts[0]}"]\nfirst_year = {source.first_year}\n\n[[columns]]\nurl = "{column.url}"\n'
            f'platform = "{column.platform}"\nreport_types = ["rule_of_law"]\nname = "{column.name}"\n',
            "utf-8",
        )


if __name__ == "__main__":
    _contest()
