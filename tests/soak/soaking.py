"""``make soak``: ten bad minutes. 60 hosts, a fifth of all answers faulty, four crawlers, one killed every 20 s.

At the end every report that the sites publish is held exactly once, with its own text; no error page is held; the
archive is sound. Prints figures; exit code 1 where any of that is not so. ``python -m tests.soak SECONDS [SEED]``.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deployments.portal.bench import long_column_network, long_column_source, warm
from deployments.portal.families import FAMILIES
from deployments.portal.network import Network
from deployments.portal.proxy import Portal
from deployments.portal.site import GeneratedSite
from scrapers.records import Source
from warehouse.query import run_sql

HOSTS, ROWS, SHARE, WORKERS, KILL_EVERY = 60, 60, 0.2, 4, 20.0
LONG_RESTS = frozenset({"status_503_long_rest"})
"""A host that asks for an hour of rest gets it: it is not reachable in ten minutes."""
SETTLING_RUNS = 12
"""Crawls after the killing, faults still on, in which everything must come in: 0.2 ** 12 is one in 10 ** 8."""


def main() -> int:
    """Soak for so many seconds (600), then settle, then compare what is held with what is published."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with TemporaryDirectory() as folder, _portal(seed) as portal:
        proxy, published = portal.recv()
        data, registry = Path(folder) / "data", Path(folder) / "sources"
        sources = write_registry(registry)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
        environment |= {
            "NIANBAO_DATA_DIR": str(data),
            "NIANBAO_SOURCES_DIR": str(registry),
            "NIANBAO_PROXY": proxy,
            "NIANBAO_PACE_SECONDS": "0.02",
            "NIANBAO_READ_TIMEOUT": "2",
            "NIANBAO_TOTAL_TIMEOUT": "4",
            "NIANBAO_CIRCUIT_COOLDOWN": "1",  # a host that failed five times in a row is asked again within the run
        }
        figures = soak(seconds, seed, [source.id for source in sources], environment)
        held = Path(folder) / "data" / "nianbao.duckdb"
        figures["settling runs"] = settle(held, len(published), environment)
        portal.send("figures")
        requests, faulty = portal.recv()
        figures |= {"requests": requests, "faulty answers": sum(faulty.values()), "kinds of fault": len(faulty)}
        wrong = differences(held, published)
        verified = subprocess.run(
            _nianbao("archive", "verify"), env=environment, capture_output=True, text=True, check=False
        )
        if verified.returncode != 0:
            wrong.append(f"nianbao archive verify: {verified.stderr[-2000:]}")
        portal.send("stop")
    for name, figure in figures.items():
        print(f"{name:>20}: {figure}")
    for line in wrong:
        print(f"WRONG {line}")
    print(f"{len(published)} reports published: " + ("each held exactly once" if not wrong else "see above"))
    return 1 if wrong else 0


def soak(seconds: float, seed: int, source_ids: Sequence[str], environment: dict[str, str]) -> dict[str, Any]:
    """Keep four crawlers going, each over its share of the sources and a few of its neighbour's, and kill them."""
    draw = random.Random(seed)
    share = -(-len(source_ids) // WORKERS)
    shares = [
        [source_ids[at % len(source_ids)] for at in range(n * share, (n + 1) * share + 2)] for n in range(WORKERS)
    ]
    workers: list[subprocess.Popen[bytes]] = [_crawl(environment, ids) for ids in shares]
    kills, ends = 0, Counter[int]()
    started = time.monotonic()
    kill_at = started + KILL_EVERY
    while time.monotonic() - started < seconds:
        time.sleep(0.2)
        if time.monotonic() >= kill_at:
            kill_at += KILL_EVERY
            workers[draw.randrange(WORKERS)].send_signal(signal.SIGKILL)
            kills += 1
        for number, worker in enumerate(workers):
            if (code := worker.poll()) is not None:
                ends[code] += 1
                workers[number] = _crawl(environment, shares[number])
    for worker in workers:
        ends[worker.wait(timeout=600)] += 1
    return {"seconds": round(time.monotonic() - started), "kills": kills, "crawls by exit code": dict(ends)}


def settle(reader: Path, wanted: int, environment: dict[str, str]) -> int:
    """Crawl on, faults still on, until all is held; returns the runs it took (of at most ``SETTLING_RUNS``)."""
    for run in range(1, SETTLING_RUNS + 1):
        _crawl(environment, []).wait(timeout=1200)
        if run_sql(reader, "SELECT count(*) FROM reports").rows == ((wanted,),):
            return run
    return SETTLING_RUNS


def differences(reader: Path, published: Counter[tuple[str, str]]) -> list[str]:
    """What is held and should not be, what should be and is not, and what changed though no site changed it.

    Compared by source and title: a detour that a fault made leaves a report at another address.
    """
    assert set(published.values()) == {1}, "two reports of one source are called the same"
    held = Counter(run_sql(reader, "SELECT source_id, title FROM reports").rows)
    wrong = [f"held {count} times: {report}" for report, count in held.items() if count > 1]
    wrong += [f"not held: {report}" for report in sorted(published.keys() - held.keys())[:10]]
    wrong += [f"held, but published nowhere: {report}" for report in sorted(held.keys() - published.keys())[:10]]
    versions = run_sql(reader, "SELECT document_id, count(*) FROM core_versions GROUP BY ALL HAVING count(*) > 1").rows
    wrong += [f"{count} versions of a page that never changed: {document}" for document, count in versions]
    return wrong


def network() -> Network:
    """60 sites, the families in turn."""
    sites = (
        long_column_network(family, ROWS, number)
        for number, family in zip(range(1, HOSTS + 1), itertools.cycle(FAMILIES), strict=False)
    )
    return Network(site for one in sites for site in one.sites)


def write_registry(folder: Path) -> list[Source]:
    """The sources of ``network`` as registry files."""
    sources = [
        long_column_source(family, number)
        for number, family in zip(range(1, HOSTS + 1), itertools.cycle(FAMILIES), strict=False)
    ]
    for source in sources:
        (column,) = source.columns
        path = folder / f"{source.id}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        parameters = ", ".join(f"{key} = {json.dumps(value)}" for key, value in column.parameters.items())
        path.write_text(
            f'publisher = "{source.publisher}"\nlevel = "{source.level}"\ndivision_code = "{source.division_code}"\n'
            f'hosts = ["{source.hosts[0]}"]\nfirst_year = {source.first_year}\n\n[[columns]]\nurl = "{column.url}"\n'
            f'platform = "{column.platform}"\nreport_types = ["rule_of_law"]\nname = "{column.name}"\n'
            + (f"parameters = {{ {parameters} }}\n" if parameters else ""),
            "utf-8",
        )
    return sources


def _nianbao(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flows.cli", *arguments]


def _crawl(environment: dict[str, str], source_ids: Sequence[str]) -> subprocess.Popen[bytes]:
    chosen = [part for source in source_ids for part in ("--source", source)]
    command = _nianbao("crawl", "--no-prefect", "--recheck-days", "0", *chosen)
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def _portal(seed: int) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, seed), daemon=True)
    process.start()
    theirs.close()  # so that the end of that process is the end of the pipe
    try:
        yield ours
    finally:
        process.join(10)
        process.kill()


def _serve(pipe: Connection, seed: int) -> None:
    sites = network()
    published = Counter(
        (f"bench/site{number}", row.document.title)
        for number, site in enumerate(sites.sites, 1)
        if isinstance(site, GeneratedSite)
        for column in site.columns
        for row in column.rows
        if row.document is not None
    )
    warm(sites)
    with Portal(sites) as portal:
        at_random = portal.inject_at_random(SHARE, without=LONG_RESTS, seed=seed)
        pipe.send((portal.url, published))
        while pipe.recv() == "figures":
            pipe.send((len(portal.log), dict(at_random.given)))
