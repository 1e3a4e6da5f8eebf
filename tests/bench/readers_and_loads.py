"""Queries while loads go on: ``python -m tests.bench readers [LOADS]``.

Into a warehouse of 20,000 reports comes a load of 100 every second, published as a run publishes it, while three
processes open the reader copy and ask it, 10,000 times in all. Each answer must show a whole number of loads; each load
must be seen within two seconds of its commit. The same loads into the same warehouse with nobody reading, and nothing
published, say what reading costs the loader.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import random
import shutil
import statistics
import time
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
from rich.console import Console
from rich.table import Table

from tests.bench.made_reports import Writer, made_batches, write_batches
from warehouse.errors import WarehouseError
from warehouse.load import load_pending
from warehouse.readers import PublicationPace, open_reader, publish

HELD: Final = 20_000
A_LOAD: Final = 100
LOADS: Final = 200
EVERY: Final = 1.0
"""Seconds from one load to the next, at the least."""
READERS: Final = 3
QUERIES: Final = 10_000
_COUNTS: Final = """
SELECT (SELECT count(*) FROM core_reports), (SELECT sum(reports)::BIGINT FROM raw_batches),
    (SELECT count(*) FROM core_versions), (SELECT count(*) FROM raw_captures)
"""
_ASKED: Final = (
    "SELECT level, report_year, count(*), avg(text_length) FROM reports GROUP BY ALL",
    "SELECT publisher, title, published FROM reports WHERE document_id = 'bench-77'",
    "SELECT count(*) FROM sections WHERE role = 'measures'",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What one reader process saw."""

    queries: int
    errors: list[str]
    torn: int
    seen: list[tuple[float, int]]
    """Wall clock, and reports at each change of their number."""
    seconds: list[float]
    """Of each query, opening the copy included."""


def main(loads: int = LOADS) -> None:
    """Print errors, torn answers, delays until a load is seen, times of queries and what they cost the loader."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        writer = Writer()
        write_batches(path / "held", made_batches(HELD, writer, run="held"))
        load_pending(path / "held.duckdb", path / "held")
        for number in range(loads):
            first = HELD + number * A_LOAD
            write_batches(path / f"load-{number}", made_batches(A_LOAD, writer, first=first, run=f"load-{number:04}"))
        alone, _ = _loads(path, "alone", loads, publishing=False)
        processes = multiprocessing.get_context("spawn")
        stop = processes.Event()
        queries = QUERIES * loads // LOADS // READERS + 1
        every = loads * EVERY / queries
        readers = [processes.Process(target=_read, args=(path, stop, queries, n, every)) for n in range(READERS)]
        publish(path / "held.duckdb", path / "reader.duckdb")
        for reader in readers:
            reader.start()
        busy, committed = _loads(path, "busy", loads, publishing=True)
        time.sleep(1)
        stop.set()
        for reader in readers:
            reader.join()
        answers = [Asked(**json.loads((path / f"asked-{n}.json").read_text())) for n in range(READERS)]
    _report(loads, alone, busy, committed, answers)


def _loads(folder: Path, name: str, loads: int, *, publishing: bool) -> tuple[list[float], list[tuple[float, int]]]:
    """Seconds of each load, and when it was committed with the reports then held."""
    warehouse, landing, reader = folder / f"{name}.duckdb", folder / name, folder / "reader.duckdb"
    shutil.copyfile(folder / "held.duckdb", warehouse)
    landing.mkdir()
    seconds, committed = [], []
    pace, next_at = PublicationPace(), time.monotonic()
    for number in range(loads):
        for file in (folder / f"load-{number}").glob("*.parquet"):
            shutil.copy(file, landing / file.name)
        began = time.perf_counter()
        load_pending(warehouse, landing)
        seconds.append(time.perf_counter() - began)
        committed.append((time.time(), HELD + (number + 1) * A_LOAD))
        next_at = max(next_at + EVERY, time.monotonic())
        if publishing:
            pace.loaded()
        while (rest := next_at - time.monotonic()) > 0 or (number == loads - 1 and pace.seconds_to_wait() is not None):
            wait = pace.seconds_to_wait()
            if wait == 0:
                with pace.publishing():
                    publish(warehouse, reader)
            else:
                time.sleep(max(min(rest, wait or rest, 0.1), 0.001))
    return seconds, committed


def _read(folder: Path, stop: Event, queries: int, number: int, every: float) -> None:
    """One reader: asks ``queries`` times, or until stopped and then once more; leaves what it saw in a file."""
    chance = random.Random(number)
    errors: list[str] = []
    seen: list[tuple[float, int]] = []
    seconds: list[float] = []
    torn, next_at = 0, time.monotonic()
    while True:
        last = stop.is_set()
        began = time.perf_counter()
        try:
            connection = open_reader(folder / "reader.duckdb")
            try:
                ((reports, marked, versions, captures),) = connection.execute(_COUNTS).fetchall()
                connection.execute(chance.choice(_ASKED)).fetchall()
            finally:
                connection.close()
        except (duckdb.Error, WarehouseError) as error:
            errors.append(str(error))
        else:
            torn += len({reports, marked, versions, captures}) > 1 or reports % A_LOAD > 0
            if not seen or seen[-1][1] != reports:
                seen.append((time.time(), reports))
        seconds.append(time.perf_counter() - began)
        if last and len(seconds) >= queries:
            break
        next_at = max(next_at + every, time.monotonic() - every)
        time.sleep(max(next_at - time.monotonic(), 0.0))
    asked = Asked(len(seconds), errors, torn, seen, seconds)
    (folder / f"asked-{number}.json").write_text(json.dumps(asdict(asked)))


def _report(
    loads: int, alone: list[float], busy: list[float], committed: list[tuple[float, int]], answers: list[Asked]
) -> None:
    delays = [
        min((at for answer in answers for at, reports in answer.seen if reports >= held), default=math.inf) - moment
        for moment, held in committed
    ]
    seconds = [taken for answer in answers for taken in answer.seconds]
    table = Table("", "", title=f"{loads} loads of {A_LOAD} reports into {HELD}, {READERS} reader processes")
    table.add_row("queries", str(sum(answer.queries for answer in answers)))
    table.add_row("errors", str(sum(len(answer.errors) for answer in answers)))
    table.add_row("torn answers", str(sum(answer.torn for answer in answers)))
    table.add_row("states seen by a reader", " ".join(str(len(answer.seen)) for answer in answers))
    table.add_row("load seen after, p50 / p95 / max s", _spread(delays))
    table.add_row("query with opening, p50 / p95 / max s", _spread(seconds))
    table.add_row("load alone, p50 / p95 / max s", _spread(alone))
    table.add_row("load beside readers, p50 / p95 / max s", _spread(busy))
    table.add_row("loads beside readers, x alone", f"{statistics.median(busy) / statistics.median(alone):.2f}")
    Console(width=120).print(table)
    for error in sorted({error for answer in answers for error in answer.errors})[:5]:
        Console(width=120).print(error)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} / {statistics.quantiles(values, n=20)[-1]:.3f} / {max(values):.3f}"
