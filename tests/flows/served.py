"""`nianbao serve` as a person would start it, on the loopback portal, and the questions that tests put to its API."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import requests

from deployments.portal.demo import SOURCES

Found = TypeVar("Found")
READY_WITHIN = 180.0
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment() -> dict[str, str]:
    """The tests' own environment without what would lead to another server or other data."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}


def wait_for(what: str, look: Callable[[], Found | None], seconds: float) -> Found:
    """The first truthy thing that ``look`` returns."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.25)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def processes_below(process: subprocess.Popen[bytes]) -> list[int]:
    """Its children, and theirs, the nearest first."""
    found: list[int] = []
    parents = [process.pid]
    while parents:
        pgrep = subprocess.run(
            ["pgrep", "--parent", ",".join(map(str, parents))], capture_output=True, text=True, check=False
        )
        parents = [int(line) for line in pgrep.stdout.split()]
        found += parents
    return found


def kill_with_all_below(process: subprocess.Popen[bytes]) -> None:
    for one in (*processes_below(process), process.pid):
        with suppress(ProcessLookupError):  # it has come to its end meanwhile
            os.kill(one, signal.SIGKILL)
    process.wait()


@dataclass
class Served:
    """A folder in which `nianbao serve` runs, and its API."""

    folder: Path
    proxy: str
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=dict)
    password: str | None = None
    """``user:password`` of the API, where it has one."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "NIANBAO_SOURCES_DIR": str(SOURCES),
            "NIANBAO_PROXY": self.proxy,
            "NIANBAO_PACE_SECONDS": "0",
            # Schedules are deployed and bring no run: at half past six in China one would come between a test's own.
            "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
            "PWD": str(self.folder),  # as a shell has it
            **self.settings,
        }

    def start(self) -> None:
        """Start, and wait until the UI's address is said."""
        log = self.folder / "serve.log"
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "serve", "--port", str(self.port)],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        process = self.process

        def said() -> bool:
            assert process.poll() is None, log.read_text()
            return "Prefect's UI" in log.read_text()

        wait_for("nianbao serve", said, READY_WITHIN)

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    def stop(self) -> int:
        """End it as a service manager does; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def children(self) -> list[int]:
        """Every process below ours: server, worker, runs."""
        assert self.process is not None
        return processes_below(self.process)

    def kill_all(self) -> None:
        """What a power loss does: everything ends at once, without a word."""
        assert self.process is not None
        kill_with_all_below(self.process)

    def nianbao(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "flows.cli", *words], settings)

    def prefect(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Prefect's own command, as somebody who knows it would use it."""
        return self._run([sys.executable, "-m", "prefect", "--no-prompt", *words], self.client)

    @property
    def client(self) -> dict[str, str]:
        """What tells Prefect's own command where the server is."""
        told = {"PREFECT_API_URL": f"{self.url}/api", "PREFECT_HOME": str(self.folder / "prefect-client")}
        return told | ({"PREFECT_API_AUTH_STRING": self.password} if self.password else {})

    @property
    def auth(self) -> tuple[str, str] | None:
        user, _, password = (self.password or "").partition(":")
        return (user, password) if self.password else None

    def _run(self, command: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def ask(self, path: str, **body: Any) -> Any:
        """POST to the API."""
        answer = requests.post(f"{self.url}/api/{path}", json=body, timeout=30, auth=self.auth)
        answer.raise_for_status()
        return answer.json()

    def runs(self, deployment: str | None = None) -> list[dict[str, Any]]:
        """Runs that have begun or ended, the newest first; those that only wait are left out."""
        filters: dict[str, Any] = {"flow_runs": {"state": {"type": {"not_any_": ["SCHEDULED"]}}}}
        if deployment is not None:
            filters["deployments"] = {"name": {"any_": [deployment]}}
        return list(self.ask("flow_runs/filter", sort="START_TIME_DESC", **filters))

    def run(self, deployment: str, *words: str) -> str:
        """`prefect deployment run`; returns the run's id."""
        done = self.prefect("deployment", "run", deployment, *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return next(word for word in done.stdout.split() if "/flow-run/" in word).rpartition("/")[2]

    def state(self, run_id: str) -> dict[str, Any]:
        answer = requests.get(f"{self.url}/api/flow_runs/{run_id}", timeout=30, auth=self.auth)
        answer.raise_for_status()
        return dict(answer.json()["state"])

    def ended(self, run_id: str, seconds: float = 180) -> dict[str, Any]:
        """The final state of a run."""

        def look() -> dict[str, Any] | None:
            state = self.state(run_id)
            return state if state["type"] in ("COMPLETED", "FAILED", "CANCELLED", "CRASHED") else None

        return wait_for(f"the end of run {run_id}", look, seconds)


@contextmanager
def serving(folder: Path, proxy: str, **settings: str) -> Iterator[Served]:
    """A started :class:`Served`, ended with the block."""
    served = Served(folder, proxy, settings=settings)
    try:
        served.start()
        yield served
    finally:
        if served.process is not None and served.process.poll() is None:
            served.kill_all()
        shutil.rmtree(folder / "data" / "prefect", ignore_errors=True)
