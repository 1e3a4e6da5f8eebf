"""Reading an archive of 4,800 pages anew: in one process, in two, and by one and two workers of a Dask scheduler.

Measured is the whole of it (``nianbao reprocess``: reading, landing, loading) and the reading alone (``--compare``),
each by a fresh process on a copy of its own. Workers are up before the clock starts, as they would be.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from deployments.portal.bench import bench_network, bench_sources
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import crawl_plainly
from flows.settings import Settings
from scrapers.records import Source

PAGES = int(os.environ.get("BENCH_PAGES", "4800"))
HOSTS = 6
"""WARC files: the work is split by file."""
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
WAYS = ("1 process", "2 processes", "Dask, 1 worker", "Dask, 2 workers")
CHECKOUT = Path(__file__).parents[2]


def main() -> None:
    """Print pages a second, with ratios to one process or one worker."""
    measured: dict[tuple[str, bool], list[float]] = {(way, compare): [] for way in WAYS for compare in (False, True)}
    with TemporaryDirectory() as folder:
        root = Path(folder)
        sources = write_registry(root / "sources")
        with Portal(bench_network(HOSTS, PAGES // HOSTS)) as portal:
            filled = Settings(
                data_dir=root / "filled", sources_dir=root / "sources", proxy=portal.url, pace_seconds=0,
                max_requests_per_host=PAGES,
            )  # fmt: skip
            crawl_plainly(filled, sources, sources)
        for _ in range(ROUNDS):
            for way in WAYS:
                for compare in (False, True):
                    measured[way, compare].append(_seconds(root, way, compare=compare))
    show(measured)


def write_registry(folder: Path) -> tuple[Source, ...]:
    """The bench's sources as files, which worker processes read."""
    sources = bench_sources(HOSTS)
    for source in sources:
        (column,) = source.columns
        path = folder / f"{source.id}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f"""publisher = {json.dumps(source.publisher, ensure_ascii=False)}
division_code = {json.dumps(source.division_code)}
level = "{source.level}"
hosts = {json.dumps(list(source.hosts))}
pace_seconds = 0.0
first_year = {source.first_year}
verified = "never"

[[columns]]
url = {json.dumps(column.url)}
platform = "{column.platform}"
report_types = {json.dumps([str(kind) for kind in column.report_types])}
name = {json.dumps(column.name, ensure_ascii=False)}
""",
            encoding="utf-8",
        )
    return sources


def show(measured: dict[tuple[str, bool], list[float]]) -> None:
    """The table."""
    seconds = {key: statistics.median(runs) for key, runs in measured.items()}
    one = {"1 process": "1 process", "2 processes": "1 process"} | dict.fromkeys(WAYS[2:], WAYS[2])
    table = Table(
        "reprocess", "pages/s", "x one", "reading alone, pages/s", "x one",
        title=f"{PAGES} archived pages in {HOSTS} WARC files; median of {ROUNDS} rounds",
    )  # fmt: skip
    for way in WAYS:
        cells = [way]
        for compare in (False, True):
            taken = seconds[way, compare]
            cells += [f"{PAGES / taken:.0f}", f"{seconds[one[way], compare] / taken:.2f}"]
        table.add_row(*cells)
    Console(width=120).print(table)


def _seconds(root: Path, way: str, *, compare: bool) -> float:
    data = root / "data"
    shutil.copytree(root / "filled", data)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {"NIANBAO_DATA_DIR": str(data), "NIANBAO_SOURCES_DIR": str(root / "sources")}
    command = [sys.executable, "-W", "ignore", "-m", "flows.cli", "reprocess", "--no-prefect", "--sample", "0"]
    command += ["--compare"] if compare else []
    try:
        if way.startswith("Dask"):
            with dask(root, workers=1 if "1 worker" in way else 2) as address:
                return _timed([*command, "--dask", address], environment)
        return _timed([*command, "--processes", way[0]], environment)
    finally:
        shutil.rmtree(data)


def _timed(command: list[str], environment: dict[str, str]) -> float:
    began = time.monotonic()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


@contextmanager
def dask(folder: Path, workers: int = 2) -> Iterator[str]:
    """A scheduler and its workers as processes of their own, all up; yields the scheduler's address."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    start = [sys.executable, "-W", "ignore", "-m"]
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    scheduler = [*start, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                 "--scheduler-file", str(file)]  # fmt: skip
    worker = [*start, "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny",
              "--no-dashboard", "--host", "127.0.0.1"]  # fmt: skip

    def begun(command: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    processes = [begun(scheduler)]
    try:
        deadline = time.monotonic() + 60
        while not file.exists():
            if time.monotonic() > deadline:
                raise TimeoutError("the Dask scheduler did not come up")
            time.sleep(0.1)
        address = str(json.loads(file.read_text())["address"])
        processes += [begun(worker) for _ in range(workers)]
        _wait_for_workers(address, workers)
        yield address
    finally:
        for process in processes:
            process.kill()  # they keep nothing, and a gentle end takes a busy worker half a minute
        for process in processes:
            process.wait()


def _wait_for_workers(address: str, workers: int) -> None:
    from distributed import Client

    with Client(address) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(workers, timeout=60)
        client.run(_load)


def _load() -> None:
    """What a worker has loaded that has worked before."""
    import flows.rereading.pieces
    from scrapers.reading.words import counted

    counted("法治政府建设年度报告")
    assert flows.rereading.pieces


if __name__ == "__main__":
    main()
