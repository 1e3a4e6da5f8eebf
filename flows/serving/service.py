"""A Prefect server, its deployments and a worker, kept running: what `nianbao serve` does.

Server and worker are children that are started anew when they end. A file in Prefect's folder is locked for as long as
this runs, so that there is one server to a folder and one worker to a server of ours; hence a run that says it is
running while we start belongs to a process that is gone, and is marked so at once. One that was only handed to its
worker has done nothing yet, and is put back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.serving.deployment_files import OURS, Wanted
from flows.serving.prefect_server import (
    QUIET,
    STAYING,
    ServingError,
    begin_anew_where_large,
    open_log,
    server_child,
    serving_lock,
    wait_until_ready,
)
from flows.settings import Settings

if TYPE_CHECKING:
    # Prefect reads its settings when it is imported.
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun, State, StateType

LOOK_EVERY = 1.0
"""Seconds between two looks whether server and worker are alive."""
LONGEST_PAUSE = 60.0
"""Most seconds before a child that keeps ending is started once more; the first time it is one."""
STEADY = 300.0
"""Seconds after which a child counts as running well, and its next end as its first."""
GRACE = 25.0
"""Seconds a worker has to end."""


def serve(settings: Settings, wanted: Wanted, port: int, say: Callable[[str], None], stop: threading.Event) -> None:
    """Serve until ``stop`` is set. Raises :class:`ServingError` where another serves this folder or has the port, and
    ``ServerError`` where the server does not come up the first time."""
    home = settings.prefect_home
    url = f"http://127.0.0.1:{port}"
    for name, value in STAYING.items():
        os.environ.setdefault(name, value)
    secret = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    if secret:
        os.environ.setdefault("PREFECT_API_AUTH_STRING", secret)
    with serving_lock(home, url):
        _refuse_taken(port)
        os.environ.update(QUIET, PREFECT_HOME=str(home.resolve()), PREFECT_API_URL=f"{url}/api")
        os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "ERROR"
        keeper = _Keeper(say, stop, [home / "server.log", home / "worker.log"])
        first = True
        # Outlives a server that ends: the runs of a worker go on while it is started anew, and report to it then.
        with ExitStack() as workers:
            while not stop.is_set():
                with server_child(home, port=port, ui=True) as (server, api):
                    wait_until_ready(server, api, home)
                    if stop.is_set():
                        break  # while it was starting
                    if first:
                        _prepare(settings, wanted, say)
                        say(f"Prefect's UI: {url}")
                        say("To run one now: its Run button there. Ctrl-C ends this.")
                        first = False
                    keeper.watch(server, partial(_enter_worker, workers, settings, wanted))
                    if stop.is_set():
                        workers.close()  # while the server is there to be told how the runs ended
                    else:
                        keeper.pause("The Prefect server ended", home / "server.log")


def _prepare(settings: Settings, wanted: Wanted, say: Callable[[str], None]) -> None:
    from prefect.client.orchestration import get_client  # Prefect reads its settings when it is imported
    from prefect.client.schemas.objects import StateType

    from flows.serving.deploying.deploy import apply_all

    async def prepare() -> None:
        async with get_client() as client:
            for run in await _orphans(client, StateType.PENDING):
                await _put_back(client, run)
                flow = await client.read_flow(run.flow_id)  # a run has its name of us only when it begins
                say(f"Put back: a run of {flow.name} ({run.name}); it had not begun, and begins now.")
            for run in await _orphans(client, StateType.RUNNING, StateType.CANCELLING):
                await _mark_crashed(client, run)
                say(f"Marked as crashed: {run.name}; {what_takes_up(run.tags, wanted)}.")
            count = await apply_all(client, wanted, settings, lambda change: say(f"  {change}"))
            say(f"{count} changes deployed." if count else "The deployments are as the files say.")

    asyncio.run(prepare())


def what_takes_up(tags: Iterable[str], wanted: Wanted) -> str:
    """In words, what becomes of the work of a run with these tags that was killed."""
    scheduled = {tag for one in wanted.deployments if one.schedules for tag in one.tags}
    when_asked = {tag for one in wanted.deployments if not one.schedules for tag in one.tags} - scheduled
    if when_asked.isdisjoint(tags):
        return "the next run takes up what it left"
    return "it has no schedule: ask for it again, with the same parameters, and it goes on"


async def _orphans(client: PrefectClient, *states: StateType) -> list[FlowRun]:
    """Our runs that an earlier worker of ours left in one of these states."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterState,
        FlowRunFilterStateType,
        FlowRunFilterTags,
    )

    of_ours = FlowRunFilterTags(all_=[OURS])
    in_states = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))
    return await client.read_flow_runs(flow_run_filter=FlowRunFilter(tags=of_ours, state=in_states))


async def _put_back(client: PrefectClient, run: FlowRun) -> None:
    """Let a run that was handed to a worker be handed out again; its place in the deployment's limit becomes free."""
    from prefect.states import Scheduled

    state: State[Any] = Scheduled(message="Its worker ended before it began: killed, or the machine went down.")
    await client.set_flow_run_state(run.id, state, force=True)


async def _mark_crashed(client: PrefectClient, run: FlowRun) -> None:
    from prefect.states import Crashed

    state: State[Any] = Crashed(message="Its worker ended without a word: killed, or the machine went down.")
    await client.set_flow_run_state(run.id, state, force=True)


def _enter_worker(stack: ExitStack, settings: Settings, wanted: Wanted) -> subprocess.Popen[bytes]:
    return stack.enter_context(_worker(settings, wanted))


@contextmanager
def _worker(settings: Settings, wanted: Wanted) -> Iterator[subprocess.Popen[bytes]]:
    name = f"{socket.gethostname()}-serve"
    environment = os.environ | {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO"}
    with open_log(settings.prefect_home / "worker.log") as log:
        process = subprocess.Popen(  # noqa: S603  # a module of ours and names from our files
            [sys.executable, "-m", "flows.serving.worker", wanted.pool.name, name],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the command, which ends the worker in its turn
        )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()  # it ends its runs and itself
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()


class _Keeper:
    """Starts children that end once more, after a pause that doubles while they keep ending."""

    def __init__(self, say: Callable[[str], None], stop: threading.Event, logs: Iterable[Path]) -> None:
        self._say = say
        self._logs = tuple(logs)
        self._stop = stop
        self._pause = 1.0
        self._since = time.monotonic()
        self._worker: subprocess.Popen[bytes] | None = None

    def watch(self, server: subprocess.Popen[bytes], start_worker: Callable[[], subprocess.Popen[bytes]]) -> None:
        """Keep a worker beside the server, until the server ends or we are to stop."""
        while not self._stop.is_set():
            if server.poll() is not None:
                return
            if self._worker is None:
                self._worker = start_worker()
            elif self._worker.poll() is not None:
                self.pause(f"The worker ended (exit code {self._worker.returncode})", None)
                self._worker = None
                continue
            for log in self._logs:
                begin_anew_where_large(log)
            self._stop.wait(LOOK_EVERY)

    def pause(self, what: str, log: object) -> None:
        """Wait before the next start."""
        if time.monotonic() - self._since > STEADY:
            self._pause = 1.0
        self._say(f"{what}; starting it again in {self._pause:.0f} s." + (f" See {log}." if log else ""))
        self._stop.wait(self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._since = time.monotonic()


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServingError(f"port {port} of 127.0.0.1 is taken ({error.strerror}); --port takes another") from error
