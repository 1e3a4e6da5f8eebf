"""Queries while loads go on: ``python -m tests.bench readers [LOADS]``.

Into a warehouse of 20,000 reports comes a load of 100 five seconds after the last one, as often as a run loads and
published as a run publishes it, while three processes open the reader copy, ask it a few questions, and open it again:
10,000 questions in all, three a second from each process. Every opening must show a whole number of loads; each load
must be seen within two seconds of its commit. The same loads into the same warehouse with nobody reading, and nothing
published, say what reading costs the loader: half of them before and half after, since a machine has its moods.
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
EVERY: Final = 5.0
"""Seconds from the end of one load to the next, at the least: ``flows.crawling.crawl_run.LOAD_EVERY``."""
READERS: Final = 3
QUERIES: Final = 10_000
AN_OPENING: Final = 4
"""Questions to one opening of the copy, the first of which is how many reports it holds."""
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
    openings: list[float]
    """Seconds of each opening with its first question."""
    seconds: list[float]
    """Of each question after it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One load."""

    seconds: float
    committed: float
    """Wall clock."""
    reports: int
    """Held after it."""


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
        for name in ("alone", "busy"):
            shutil.copyfile(path / "held.duckdb", path / f"{name}.duckdb")
        publish(path / "busy.duckdb", path / "reader.duckdb")
        alone = _loads_alone(path, range(loads // 2))
        processes = multiprocessing.get_context("spawn")
        stop = processes.Event()
        openings = QUERIES * loads // LOADS // READERS // AN_OPENING + 1
        every = loads * EVERY / openings
        readers = [processes.Process(target=_read, args=(path, stop, openings, n, every)) for n in range(READERS)]
        for reader in readers:
            reader.start()
        busy, published = _loads_beside(path, range(loads))
        time.sleep(every)  # each opens the newest copy once more
        stop.set()
        for reader in readers:
            reader.join()
        alone += _loads_alone(path, range(loads // 2, loads))
        answers = [Asked(**json.loads((path / f"asked-{n}.json").read_text())) for n in range(READERS)]
    _report(alone, busy, published, answers)


def _load(folder: Path, name: str, number: int) -> Loaded:
    landing = folder / name
    landing.mkdir(exist_ok=True)
    for file in (folder / f"load-{number}").glob("*.parquet"):
        shutil.copy(file, landing / file.name)
    began = time.perf_counter()
    load_pending(folder / f"{name}.duckdb", landing)
    return Loaded(time.perf_counter() - began, time.time(), HELD + (number + 1) * A_LOAD)


def _loads_alone(folder: Path, numbers: range) -> list[Loaded]:
    return [_load(folder, "alone", number) for number in numbers]


def _loads_beside(folder: Path, numbers: range) -> tuple[list[Loaded], list[float]]:
    """The loads, and seconds of each publication; as a crawl run does both from its one loading thread."""
    loads: list[Loaded] = []
    published: list[float] = []
    pace = PublicationPace()
    for number in numbers:
        loads.append(_load(folder, "busy", number))
        pace.loaded()
        next_at = time.monotonic() + EVERY
        while True:
            wait, rest = pace.seconds_to_wait(), next_at - time.monotonic()
            if wait == 0:
                with pace.publishing():
                    published.append(publish(folder / "busy.duckdb", folder / "reader.duckdb").seconds)
            elif rest <= 0 and (wait is None or number < numbers[-1]):
                break
            else:
                time.sleep(min(second for second in (wait, rest) if second is not None and second > 0))
    return loads, published


def _read(folder: Path, stop: Event, openings: int, number: int, every: float) -> None:
    """One reader: opens the copy ``openings`` times, or until stopped and then once more; leaves what it saw in a
    file."""
    chance = random.Random(number)
    errors: list[str] = []
    seen: list[tuple[float, int]] = []
    opened: list[float] = []
    seconds: list[float] = []
    queries, torn, next_at = 0, 0, time.monotonic() + every * number / READERS
    while True:
        time.sleep(max(next_at - time.monotonic(), 0.0))
        last = stop.is_set()
        began = time.perf_counter()
        try:
            connection = open_reader(folder / "reader.duckdb")
            try:
                ((reports, marked, versions, captures),) = connection.execute(_COUNTS).fetchall()
                opened.append(time.perf_counter() - began)
                for _ in range(AN_OPENING - 1):
                    began = time.perf_counter()
                    connection.execute(chance.choice(_ASKED)).fetchall()
                    seconds.append(time.perf_counter() - began)
            finally:
                connection.close()
        except (duckdb.Error, WarehouseError) as error:
            errors.append(str(error))
        else:
            torn += len({reports, marked, versions, captures}) > 1 or reports % A_LOAD > 0
            if not seen or seen[-1][1] != reports:
                seen.append((time.time(), reports))
        queries += AN_OPENING
        if last and len(opened) >= openings:
            break
        next_at = max(next_at + every, time.monotonic() - every)
    asked = Asked(queries, errors, torn, seen, opened, seconds)
    (folder / f"asked-{number}.json").write_text(json.dumps(asdict(asked)))


def _report(alone: list[Loaded], busy: list[Loaded], published: list[float], answers: list[Asked]) -> None:
    delays = [
        min((at for answer in answers for at, reports in answer.seen if reports >= load.reports), default=math.inf)
        - load.committed
        for load in busy
    ]
    title = f"{len(busy)} loads of {A_LOAD} reports into {HELD}, {READERS} reader processes"
    table = Table("", "", title=title)
    table.add_row("queries", str(sum(answer.queries for answer in answers)))
    table.add_row("errors", str(sum(len(answer.errors) for answer in answers)))
    table.add_row("torn answers", str(sum(answer.torn for answer in answers)))
    table.add_row("states seen by a reader", " ".join(str(len(answer.seen)) for answer in answers))
    table.add_row("load seen after, p50 / p95 / max s", _spread(delays))
    table.add_row("publication, p50 / p95 / max s", _spread(published))
    table.add_row("opening with a question, p50 / p95 / max s", _spread([s for a in answers for s in a.openings]))
    table.add_row("question after it, p50 / p95 / max s", _spread([s for a in answers for s in a.seconds]))
    table.add_row("load alone, p50 / p95 / max s", _spread([load.seconds for load in alone]))
    table.add_row("load beside readers, p50 / p95 / max s", _spread([load.seconds for load in busy]))
    ratios = [beside.seconds / by_itself.seconds for beside, by_itself in zip(busy, alone, strict=True)]
    table.add_row("the same load beside readers, x alone, p50", f"{statistics.median(ratios):.2f}")
    Console(width=120).print(table)
    for error in sorted({error for answer in answers for error in answer.errors})[:5]:
        Console(width=120).print(error)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} / {statistics.quantiles(values, n=20)[-1]:.3f} / {max(values):.3f}"
