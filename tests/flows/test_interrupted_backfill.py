"""Nine years of twelve publishers, interrupted ten times by kill, cancel and a restart of Prefect's server.

The warehouse is that of an undisturbed run, and hardly a request more was sent.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.settings import Settings
from scrapers.sources.registry import load_sources
from tests.flows.test_killed_crawl import content
from warehouse.query import run_sql

PUBLISHERS = tuple(source.id for source in load_sources(SOURCES) if source.columns)[:12]
YEARS = "2017-2025"
POINTS = 10
PACE = 0.3
"""Seconds between two requests to a host: slow enough that a cancel is heard before the backfill ends."""
MORE = 0.02
"""Share of requests that ten interruptions may cost."""


class Server:
    """A Prefect server on loopback, on a port of its own, that can be killed and started again."""

    def __init__(self, home: Path) -> None:
        self._home = home
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/api"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = os.environ | {
            "PREFECT_HOME": str(self._home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
            "PREFECT_SERVER_UI_ENABLED": "false",
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port",
             str(self._port)],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def wait(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(f"{self.url}/health", timeout=2).ok:
                    return
            time.sleep(0.2)
        raise AssertionError("the Prefect server did not come up")

    def kill(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(30)

    def running(self) -> list[dict[str, Any]]:
        wanted = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}, "sort": "START_TIME_DESC"}
        return list(self._posted("flow_runs/filter", wanted))

    def states(self) -> dict[str, str]:
        return {run["id"]: run["state"]["name"] for run in self._posted("flow_runs/filter", {})}

    def set_state(self, run_id: str, state: dict[str, Any]) -> None:
        answer = self._posted(f"flow_runs/{run_id}/set_state", {"state": state, "force": True})
        assert answer["status"] == "ACCEPT", answer

    def resume(self, run_id: str) -> None:
        self._posted(f"flow_runs/{run_id}/resume", {})

    def artifacts(self, run_id: str) -> dict[str, str]:
        wanted = {"artifacts": {"flow_run_id": {"any_": [run_id]}}}
        return {one["key"]: one["data"] for one in self._posted("artifacts/filter", wanted)}

    def tasks(self, run_id: str) -> list[str]:
        wanted = {"task_runs": {"flow_run_id": {"any_": [run_id]}}, "limit": 200}
        return [one["name"] for one in self._posted("task_runs/filter", wanted)]

    def _posted(self, path: str, body: dict[str, Any]) -> Any:
        for _ in range(60):
            answer = requests.post(f"{self.url}/{path}", json=body, timeout=30)
            if answer.status_code != 503:  # SQLite is locked
                break
            time.sleep(0.5)
        answer.raise_for_status()
        return answer.json()

    def __enter__(self) -> Server:
        self.start()
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("prefect")) as server:
        yield server


def backfilling(data: Path, portal: Portal, server: Server, *, pace: float = 0.0) -> subprocess.Popen[bytes]:
    chosen = [part for source in PUBLISHERS for part in ("--source", source)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {
        "NIANBAO_DATA_DIR": str(data),
        "NIANBAO_SOURCES_DIR": str(SOURCES),
        "NIANBAO_PROXY": portal.url,
        "NIANBAO_PACE_SECONDS": str(pace),
        "PREFECT_API_URL": server.url,
        "PREFECT_HOME": str(data / "client"),
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "flows.cli", "backfill", "--years", YEARS, *chosen],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _STARTED.append(process)
    return process


_STARTED: list[subprocess.Popen[bytes]] = []


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """A run that a failing test left behind is ended."""
    yield
    for process in _STARTED:
        if process.poll() is None:
            process.kill()
            process.communicate()
    _STARTED.clear()


def finished(process: subprocess.Popen[bytes], code: int = 0) -> str:
    _, said = process.communicate(timeout=400)
    assert process.returncode == code, said.decode()[-3000:]
    return said.decode()


def reached(process: subprocess.Popen[bytes], portal: Portal, requests_sent: int) -> None:
    deadline = time.monotonic() + 180
    while len(portal.log) < requests_sent:
        assert process.poll() is None, f"the backfill ended after {len(portal.log)} requests: {finished(process)}"
        assert time.monotonic() < deadline, "the backfill did not get so far"
        time.sleep(0.002)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, server: Server) -> tuple[dict[str, Any], int]:
    """What an undisturbed run leaves, and how many requests it sent."""
    data = tmp_path_factory.mktemp("whole")
    with Portal(demo_network()) as portal:
        finished(backfilling(data, portal, server))
        sent = len(portal.log)
    held = run_sql(Settings(data_dir=data).reader_path, "SELECT count(*) FROM reports").rows
    assert held[0][0] > 150, "nine years of twelve publishers"
    return content(Settings(data_dir=data).reader_path), sent


@pytest.mark.slow
def test_ten_interruptions_cost_hardly_a_request(
    whole: tuple[dict[str, Any], int], server: Server, tmp_path: Path
) -> None:
    expected, sent = whole
    ends: list[str] = []
    dead: set[str] = set()
    with Portal(demo_network()) as portal:
        process = backfilling(tmp_path, portal, server, pace=PACE)
        for point in range(POINTS):
            # Until a cancel is heard the backfill goes on, so each point is counted from where it is now.
            so_far = len(portal.log)
            reached(process, portal, so_far + max(3, (sent - so_far) // (POINTS - point + 4)))
            how = ("kill", "cancel", "restart")[point % 3]
            if how == "kill":
                process.send_signal(signal.SIGKILL)
                process.communicate(timeout=30)
                server.wait()
                dead |= {run["id"] for run in server.running()}  # the server does not know
            elif how == "cancel":
                (alive,) = (run["id"] for run in server.running() if run["id"] not in dead)
                server.set_state(alive, {"type": "CANCELLING"})
                assert "Cancelled on the server" in finished(process, code=1)
            else:
                server.kill()
                server.start()  # the backfill goes on while it comes up
            ends.append(how)
            if how != "restart":
                server.wait()
                process = backfilling(tmp_path, portal, server, pace=PACE)
        finished(process)
        asked = len(portal.log)
    assert ends.count("kill") == 4
    found = content(Settings(data_dir=tmp_path).reader_path)
    for name, rows in expected.items():
        assert found[name] == rows, f"{name} differ"
    print(f"{sent} requests undisturbed, {asked} with {POINTS} interruptions")
    assert asked <= sent * (1 + MORE), f"{asked} requests, {sent} undisturbed"
    states = "SELECT state, count(*) FROM runs GROUP BY ALL ORDER BY ALL"
    runs = run_sql(Settings(data_dir=tmp_path).reader_path, states).rows
    assert runs == (("cancelled", 3), ("completed", 1), ("failed", 4))


@pytest.mark.slow
def test_a_run_that_is_paused_asks_nothing_until_it_is_resumed(
    whole: tuple[dict[str, Any], int], server: Server, tmp_path: Path
) -> None:
    expected, sent = whole
    with Portal(demo_network()) as portal:
        process = backfilling(tmp_path, portal, server, pace=0.1)
        reached(process, portal, sent // 4)
        run_id = server.running()[0]["id"]
        server.set_state(run_id, {"type": "PAUSED", "name": "Paused", "state_details": {"pause_reschedule": False}})
        time.sleep(4)
        before = len(portal.log)
        time.sleep(3)
        assert len(portal.log) == before < sent
        server.resume(run_id)
        finished(process)
        assert len(portal.log) == sent
    assert content(Settings(data_dir=tmp_path).reader_path) == expected
    assert server.states()[run_id] == "Completed"
    shown = server.artifacts(run_id)
    assert float(shown["backfill-progress"]) == 100.0
    assert "slices" in shown["backfill-summary"]
    assert all(source in shown["backfill-summary"] for source in PUBLISHERS)
    names = server.tasks(run_id)
    assert "www.lanting-demo.gov.cn 2023-2025" in names
    assert len(names) == len(set(names)) == 3 * 9, "three slices a host"
