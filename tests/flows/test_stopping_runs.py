"""A run that somebody stops, by Ctrl-C, on the server or by Pause in Prefect's UI: said in a line, nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from tests.flows.served import Served, clean_environment, serving, wait_for
from tests.flows.test_commands import HEEDING_CTRL_C

pytestmark = pytest.mark.slow
PACE = 0.5
"""Seconds between two requests to a host: slow enough that a word is heard before the run ends."""
ERROR = 40
"""Level of the lines of a log by which people are frightened."""


@pytest.fixture
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Portal]]:
    with (
        Portal(demo_network()) as portal,
        serving(tmp_path_factory.mktemp("served"), portal.url, NIANBAO_PACE_SECONDS=str(PACE)) as running,
    ):
        yield running, portal


def pages(portal: Portal, since: int = 0) -> list[str]:
    return [entry.url for entry in list(portal.log)[since:] if "robots.txt" not in entry.url]


def lines(running: Served, run: str, least: int = 0) -> list[str]:
    """What the run and its tasks logged, at this level and above."""
    asked = {"logs": {"flow_run_id": {"any_": [run]}, "level": {"ge_": least}}}
    return [line["message"] for line in running.ask("logs/filter", limit=200, **asked)]


def tally(running: Served, what: str) -> list[dict[str, Any]]:
    done = running.nianbao("sql", what, "--format", "json")
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_ctrl_c_of_a_crawl_under_prefect_is_said_in_a_line(tmp_path: Path, portal: Portal) -> None:
    crawling = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", HEEDING_CTRL_C, "crawl"],
        env=clean_environment()
        | {
            "NIANBAO_DATA_DIR": str(tmp_path),
            "NIANBAO_SOURCES_DIR": str(SOURCES),
            "NIANBAO_PROXY": portal.url,
            "NIANBAO_PACE_SECONDS": "2",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for("the middle of the crawl", lambda: len(pages(portal)) > 30, 120)
    crawling.send_signal(signal.SIGINT)
    _, said = crawling.communicate(timeout=60)
    assert crawling.returncode == 130
    assert said.splitlines()[-1] == "Stopped. What has landed is kept; the same command goes on from there."
    for frightening in ("Traceback", "ERROR", "Crash"):
        assert frightening not in said


def test_a_crawl_that_is_cancelled_on_the_server_says_so_and_what_it_keeps(served: tuple[Served, Portal]) -> None:
    running, portal = served
    before = len(portal.log)
    run = running.run("crawl/crawl-daily")
    wait_for("the middle of the crawl", lambda: len(portal.log) > before + 40, 120)
    assert running.prefect("flow-run", "cancel", run).returncode == 0
    assert running.ended(run)["type"] == "CANCELLED"
    wait_for("its last words", lambda: [line for line in lines(running, run) if "what has landed is kept" in line], 30)
    assert lines(running, run, ERROR) == []
    assert tally(running, "SELECT state FROM runs ORDER BY started_at DESC LIMIT 1") == [{"state": "cancelled"}]


@pytest.mark.parametrize(
    ("deployment", "asked"),
    [("crawl/crawl-daily", {"relist": True}), ("backfill/backfill", {"years": "2016-2025"})],
    ids=["crawl", "backfill"],
)
def test_a_run_that_is_paused_in_the_ui_ends_at_the_pages_in_hand_and_goes_on_when_it_is_resumed(
    tmp_path: Path, portal: Portal, deployment: str, asked: dict[str, Any]
) -> None:
    with serving(tmp_path, portal.url, NIANBAO_PACE_SECONDS=str(PACE)) as running:
        run = running.run(deployment, "--params", json.dumps({"parameters": asked}))
        wait_for("the middle of the run", lambda: len(pages(portal)) > 40, 120)
        suspend_as_the_ui_does(running, run)
        wait_for("its last words", lambda: [line for line in lines(running, run) if "landed is kept" in line], 30)
        wait_for("its end", lambda: not processes_of(running, run), 30)
        asked_by_then = len(portal.log)
        time.sleep(3 * PACE)
        assert len(portal.log) == asked_by_then
        assert running.state(run)["name"] == "Suspended"
        assert lines(running, run, ERROR) == []

        resumed = requests.post(f"{running.url}/api/flow_runs/{run}/resume", json={}, timeout=30)
        assert resumed.json()["status"] == "ACCEPT"
        assert running.ended(run)["type"] == "COMPLETED"
        twice = [url for url, times in Counter(url for url in pages(portal) if "/art/" in url).items() if times > 1]
        assert twice == [], "what was held when it was suspended was asked for again"
        assert tally(running, "SELECT state FROM runs WHERE kind <> 'watch' ORDER BY started_at")[:2] == [
            {"state": "cancelled"},
            {"state": "completed"},
        ]


def suspend_as_the_ui_does(running: Served, run: str) -> None:
    state = {
        "type": "PAUSED",
        "name": "Suspended",
        "state_details": {
            "pause_timeout": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
            "pause_reschedule": True,
        },
    }
    answer = requests.post(
        f"{running.url}/api/flow_runs/{run}/set_state", json={"state": state, "force": True}, timeout=30
    )
    answer.raise_for_status()


def processes_of(running: Served, run: str) -> list[int]:
    """Processes below the service that work on a run: its id stands in their environment."""
    found = []
    for process in running.children():
        try:
            environment = Path(f"/proc/{process}/environ").read_bytes()
        except OSError:  # it has just ended
            continue
        if run.encode() in environment or run.replace("-", "").encode() in environment:
            found.append(process)
    return [process for process in found if process != os.getpid()]
