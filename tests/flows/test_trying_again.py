"""Flows under Prefect that fail: what passes by itself is tried again and goes on, what a person must mend is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import crawl_plainly
from flows.settings import Settings
from scrapers.sources.registry import load_sources, select_sources
from warehouse.query import run_sql

CRAWLED = ["qinglan/qinghe_liuzhi", "yunling/yanxi_education"]

SCRIPT = """
import asyncio, json, os, sys, time
from flows.serving.prefect_server import prefect_server
from flows.settings import SettingsError, read_settings

with prefect_server(read_settings().prefect_home):
    from prefect import flow
    from prefect.client.orchestration import get_client
    from flows import reprocess as reprocessing
    from flows.rereading import pieces as reread_pieces
    from flows.rereading import reprocess_run as rereading
    from flows.backfill import backfill
    from flows.backfilling.parameters import BackfillParameters
    from flows.maintain import ArchiveDamagedError
    from flows.rereading.parameters import ReprocessParameters
    from flows.runs.retries import tried_again_unless
    from warehouse.errors import ChecksFailedError, WarehouseBusyError

    attempts = {}

    def failing(name, error, seconds=0.0):
        @flow(name=name, retries=2, retry_delay_seconds=1, timeout_seconds=1.5)
        def fails():
            attempts[name] = attempts.get(name, 0) + 1
            with tried_again_unless(ArchiveDamagedError):
                time.sleep(seconds)
                raise error

        fails(return_state=True)

    failing("settings", SettingsError("wrong"))
    failing("checks", ChecksFailedError("broken"))
    failing("damage", ArchiveDamagedError("damaged"))
    failing("busy", WarehouseBusyError("held"))
    failing("store", ConnectionError("does not answer"))
    failing("too long", ValueError("not reached"), seconds=5)

    # A reprocess whose third piece meets a warehouse that somebody else holds.
    reread_pieces.PAGES_A_PIECE = 4
    taken = []
    take = rereading.Rereading.take

    def busy_once(run, result):
        if len(taken) == 2:
            taken.append("busy")
            raise WarehouseBusyError("held")
        taken.append(result.number)
        take(run, result)

    rereading.Rereading.take = busy_once
    quick = reprocessing.reprocess.with_options(retry_delay_seconds=1)
    summary = quick(ReprocessParameters(processes=1))
    before = list(taken)
    rereading.Rereading.take = take
    failed = []
    rereading.Rereading.take = lambda run, result: failed.append(1) or exec("raise ConnectionError('gone')")
    quick(ReprocessParameters(processes=1, compare=True), return_state=True)

    os.environ |= {"NIANBAO_PROXY": sys.argv[1], "NIANBAO_PACE_SECONDS": "2"}
    backfill.with_options(timeout_seconds=8)(BackfillParameters(years="2017-2025", workers=2), return_state=True)

    # Of a bounded run, and of one without bound, each of which fails at its first slice.
    from flows.backfilling.backfill_run import Backfill
    Backfill.collect_slice = lambda run, slice_: exec("raise ConnectionError('gone')")
    unbound = backfill.with_options(timeout_seconds=60, retry_delay_seconds=1)
    unbound(BackfillParameters(years="2016"), return_state=True)
    unbound(BackfillParameters(years="2015", max_requests=50), return_state=True)

    async def recorded():
        async with get_client() as client:
            runs = await client.read_flow_runs()
            names = {run.id: run.name.split()[0] for run in runs}
            for _ in range(100):  # task states reach the server as events, a moment after the flow has ended
                tasks = await client.read_task_runs()
                if all(task.state and task.state.is_final() for task in tasks):
                    break
                await asyncio.sleep(0.1)
        return {
            "attempts": attempts,
            "runs": [[run.name, run.state.name, run.run_count] for run in runs],
            "taken": before, "pieces": summary.pieces, "done_before": summary.done_before,
            "compared": len(failed),
            "slices": sorted({task.state.name for task in tasks if names[task.flow_run_id] == "backfill"}),
        }

    print(json.dumps(asyncio.run(recorded()), default=str))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def ended(data: Path) -> dict[str, Any]:
    """What became of each flow."""
    registry = load_sources(SOURCES)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    with Portal(demo_network()) as portal:
        settings = Settings(data_dir=data, proxy=portal.url, pace_seconds=0, sources_dir=SOURCES)
        crawl_plainly(settings, select_sources(registry, ids=CRAWLED), registry)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, portal.url],
            env=environment | {"NIANBAO_DATA_DIR": str(data), "NIANBAO_SOURCES_DIR": str(SOURCES)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_what_a_person_must_mend_and_what_took_too_long_is_not_tried_again(ended: dict[str, Any]) -> None:
    assert ended["attempts"] == {"settings": 1, "checks": 1, "damage": 1, "busy": 3, "store": 3, "too long": 1}


@pytest.mark.slow
def test_a_reprocess_that_met_a_busy_warehouse_goes_on_with_the_pieces_that_are_left(
    ended: dict[str, Any], data: Path
) -> None:
    assert ["reprocess everything", "Completed", 2] in ended["runs"]
    numbers = [number for number in ended["taken"] if number != "busy"]
    assert ended["taken"][2] == "busy"
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "each piece once"
    assert (ended["done_before"], ended["pieces"]) == (2, len(numbers) - 2)
    runs = "SELECT state, count(*) FROM runs WHERE kind = 'reprocess' GROUP BY ALL"
    assert run_sql(Settings(data_dir=data).reader_path, runs).rows == (("completed", 1),), "one run of two attempts"


@pytest.mark.slow
def test_a_comparison_which_keeps_nothing_has_one_attempt(ended: dict[str, Any]) -> None:
    assert ended["compared"] == 1


@pytest.mark.slow
def test_a_backfill_that_took_too_long_ends_at_the_page_in_hand(ended: dict[str, Any]) -> None:
    ((state, count),) = [tuple(rest) for name, *rest in ended["runs"] if name == "backfill 2017-2025"]
    assert (state, count) == ("TimedOut", 1)
    assert "Stopped" in ended["slices"], "slices that went on were stopped"


@pytest.mark.slow
def test_a_backfill_with_a_bound_on_its_requests_is_not_given_as_many_once_more(ended: dict[str, Any]) -> None:
    assert ["backfill 2016", "Failed", 3] in ended["runs"]
    assert ["backfill 2015", "Failed", 1] in ended["runs"]
