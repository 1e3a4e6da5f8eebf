"""What somebody does to a run on the Prefect server while it goes on: cancel, suspend or pause it.

By itself Prefect looks at such a word only where a task begins or the flow ends, and a host's task can take an hour.

- **Suspended** is what the Pause button of Prefect's UI does: the run's process ends, and a worker begins a new one for
  the same run when it is resumed. So the run stops at the pages in hand and leaves its state as it is.
- **Paused** without being scheduled anew is what the API can do: the process is expected to wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import CancelledRun, Pause
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelled, Completed

from flows.runs.endings import ending

LOOK_EVERY: Final = 2.0
"""Seconds between two looks at the run's state on the server."""
STOPPED: Final = "Stopped"
"""Name of the state of a task that ended at the page in hand: no failure, and Prefect logs every other state as one."""
BY_CTRL_C: Final = "Stopped by Ctrl-C at the pages in hand; what has landed is kept, and the next run goes on."
_CANCELLED: Final = "Cancelled at the pages in hand; what has landed is kept, and the next run goes on."


@dataclass
class Heard:
    """What was said of a run so far."""

    cancelled: bool = False
    suspended: State[Any] | None = None
    """The state that the server gave it."""

    def end(self, stopped: Exception) -> State[Any]:
        """How a flow that was stopped ends. Raises ``stopped`` where nobody said anything, and Prefect's own signal for
        a run that is suspended, which leaves it so."""
        if self.suspended is not None:
            raise Pause(state=self.suspended)
        if not self.cancelled:
            raise stopped
        return Cancelled(message=_CANCELLED)


@contextmanager
def heeding(
    stop: Callable[[], None],
    *,
    heard: Heard | None = None,
    pause: Callable[[], None] | None = None,
    resume: Callable[[], None] | None = None,
    also: Callable[[], None] = lambda: None,
) -> Iterator[Heard]:
    """Inside the block of a flow, ``stop`` is called once the run is cancelled or suspended on the server, ``pause``
    and ``resume`` where it is to wait; ``also`` as often as it is looked, in the same thread."""
    heard = heard or Heard()
    over = threading.Event()
    flow_run_id = flow_run.get_id()
    logger = get_run_logger()

    def heed(state: State[Any] | None) -> None:
        if state is None:
            return
        if state.type in (StateType.CANCELLING, StateType.CANCELLED):
            heard.cancelled = True
            stop()
        elif state.type is StateType.PAUSED and state.state_details.pause_reschedule:
            heard.suspended = state
            stop()
        elif state.type is StateType.PAUSED and pause is not None:
            pause()
        elif state.type is StateType.RUNNING and resume is not None:
            resume()

    def look() -> None:
        # By itself the client tries again for minutes, in which a cancel would not be heard.
        with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}), get_client(sync_client=True) as client:
            silent = False
            while not over.wait(LOOK_EVERY):
                try:
                    if flow_run_id is not None and heard.suspended is None:
                        heed(client.read_flow_run(UUID(flow_run_id)).state)
                    also()
                    silent = False
                except Exception as error:  # noqa: BLE001  # a server that restarts is no reason to stop crawling
                    if not silent:
                        logger.info("the Prefect server does not answer (%r); the run goes on", error)
                    silent = True

    thread = threading.Thread(target=look, name="heeding", daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        over.set()
        thread.join()


def say_where_stopped(run_id: str, error: BaseException, *stopped: type[BaseException]) -> None:
    """One line of the log, where a run is left because somebody stopped it; nothing where it failed."""
    if ending(error, *stopped) == "cancelled":
        get_run_logger().info(
            "run=%s stopped: each host ends at the page in hand; what has landed is kept, and the next run goes on",
            run_id,
        )


def stopped_task(message: str) -> State[None]:
    """The final state of a task that ended at the page in hand."""
    return Completed(message=message, name=STOPPED)


def is_by_ctrl_c(ended: CancelledRun) -> bool:
    """Whether a flow ended so because of Ctrl-C at its own terminal, not on the server."""
    return str(ended) == BY_CTRL_C


def ends_by_ctrl_c() -> State[Any]:
    """The final state of a flow that was stopped by Ctrl-C: Prefect takes that for a crash."""
    return Cancelled(message=BY_CTRL_C)
