"""As on several machines: PostgreSQL, `prefect server start` with a password, `nianbao deploy`, `prefect worker start`.

A crawl, a backfill and a reprocess are triggered by `prefect deployment run`; workers are killed, and the server goes
down and comes back while a run goes on.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import crawl_plainly
from flows.settings import Settings
from scrapers.sources.registry import load_sources
from tests.flows.postgres import postgres
from tests.flows.served import READY_WITHIN, Served, kill_with_all_below, wait_for
from tests.flows.test_killed_crawl import content
from warehouse.query import run_sql

pytestmark = pytest.mark.slow
PASSWORD = "operator:a-password-of-the-api"
MARKED_WITHIN = 300
"""Seconds in which a dead run must be known as dead."""


class Machines(Served):
    """A Prefect server on PostgreSQL and workers, each a process of its own."""

    database: str
    server: subprocess.Popen[bytes]

    def start(self) -> None:
        self.server = self._launch(
            "server",
            ["server", "start", "--host", "127.0.0.1", "--port", str(self.port)],
            {
                "PREFECT_HOME": str(self.folder / "prefect-server"),
                "PREFECT_API_DATABASE_CONNECTION_URL": self.database,
                "PREFECT_SERVER_API_AUTH_STRING": PASSWORD,
                "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
                "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
                "DO_NOT_TRACK": "1",
            },
        )

        def ready() -> bool:
            try:
                return requests.get(f"{self.url}/api/health", timeout=2).ok
            except requests.RequestException:
                return False

        wait_for("prefect server start", ready, READY_WITHIN)

    def worker(self, name: str) -> subprocess.Popen[bytes]:
        command = ["worker", "start", "--pool", "nianbao", "--type", "process", "--name", name]
        return self._launch(name, command, self.client | {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"})

    def _launch(self, name: str, words: list[str], more: dict[str, str]) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "prefect", "--no-prompt", *words],
                cwd=self.folder,
                env=self.environment | more,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[tuple[Any, ...], ...]]:
    """What an undisturbed crawl without Prefect leaves."""
    with Portal(demo_network()) as portal:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("plain"), proxy=portal.url, pace_seconds=0, sources_dir=SOURCES
        )
        registry = load_sources(SOURCES)
        crawl_plainly(settings, registry, registry)
    return content(settings.reader_path)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[tuple[Machines, Portal]]:
    with postgres() as database, Portal(demo_network()) as portal:
        found = Machines(tmp_path, portal.url, settings={"NIANBAO_BATCH_PAGES": "4"}, password=PASSWORD)
        found.database = database
        started: list[subprocess.Popen[bytes]] = []
        launch = found._launch

        def remembered(*given: Any) -> subprocess.Popen[bytes]:
            started.append(launch(*given))
            return started[-1]

        found._launch = remembered  # type: ignore[method-assign, assignment]
        try:
            found.start()
            yield found, portal
        finally:
            for process in started:
                if process.poll() is None:
                    kill_with_all_below(process)


def test_killed_workers_and_a_restarted_server_leave_the_right_data(
    machines: tuple[Machines, Portal], expected: dict[str, tuple[tuple[Any, ...], ...]]
) -> None:
    cluster, portal = machines
    assert requests.post(f"{cluster.url}/api/flow_runs/filter", json={}, timeout=10).status_code == 401
    refused = cluster.nianbao("deploy", "--check", PREFECT_API_URL=f"{cluster.url}/api")
    assert (refused.returncode, "PREFECT_API_AUTH_STRING" in refused.stderr) == (1, True)
    refused = cluster.nianbao("crawl", "--source", "yunling/yanxi", PREFECT_API_URL=f"{cluster.url}/api")
    assert (refused.returncode, "PREFECT_API_AUTH_STRING" in refused.stderr) == (1, True)
    deployed = cluster.nianbao("deploy", **cluster.client)
    assert deployed.returncode == 0, deployed.stderr
    assert cluster.nianbao("deploy", "--check", **cluster.client).stdout == ""

    # Worker and run die together: nobody says so but the missing heartbeat.
    first = cluster.worker("first")
    dead = cluster.run("crawl/crawl-daily")
    wait_for("the middle of the crawl", lambda: len(portal.log) > 60, 120)
    wait_for("a heartbeat", lambda: heartbeats(cluster, dead), 90)
    kill_with_all_below(first)
    died = time.monotonic()
    assert cluster.state(dead)["type"] == "RUNNING"

    # The season's crawl of the same sources does its work meanwhile; the server goes down and comes back in mid-run.
    second = cluster.worker("second")
    sent = len(portal.log)
    season = cluster.run("crawl/crawl-season")
    wait_for("the middle of the crawl", lambda: len(portal.log) > sent + 60, 120)
    kill_with_all_below(cluster.server)
    cluster.start()
    assert cluster.ended(season)["type"] == "COMPLETED"

    state = wait_for(
        "the dead run being marked",
        lambda: (found := cluster.state(dead))["type"] == "CRASHED" and found,
        MARKED_WITHIN - (time.monotonic() - died),
    )
    assert "No heartbeat" in state["message"]

    # The worker alone dies: its run ends by itself, and the deployment's slot is free.
    years = cluster.run("backfill/backfill", "--params", json.dumps({"parameters": {"years": "2010-2024"}}))
    wait_for("the backfill", lambda: cluster.state(years)["type"] == "RUNNING", 90)
    os.kill(second.pid, signal.SIGKILL)
    second.wait()
    assert cluster.ended(years, MARKED_WITHIN)["type"] in ("CRASHED", "COMPLETED")
    cluster.worker("third")
    again = cluster.run("backfill/backfill", "--params", json.dumps({"parameters": {"years": "2010-2024"}}))
    assert cluster.ended(again)["type"] == "COMPLETED"
    daily = cluster.run("crawl/crawl-daily")
    assert cluster.ended(daily)["type"] == "COMPLETED"

    assert cluster.ended(cluster.run("reprocess/reprocess"))["type"] == "COMPLETED"
    reader = Settings(data_dir=cluster.folder / "data").reader_path
    found = content(reader)
    for name, rows in expected.items():
        assert found[name] == rows, f"{name} differ"
    states = dict(run_sql(reader, "SELECT state, count(*) FROM runs WHERE kind = 'crawl' GROUP BY ALL").rows)
    assert states == {"completed": 2, "failed": 1}


def heartbeats(cluster: Machines, run: str) -> list[Any]:
    """Those of a run."""
    wanted = {"event": {"name": ["prefect.flow-run.heartbeat"]}, "resource": {"id": [f"prefect.flow-run.{run}"]}}
    return list(cluster.ask("events/filter", filter=wanted)["events"])
