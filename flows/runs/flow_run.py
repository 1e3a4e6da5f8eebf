"""What a flow run is told by Prefect about itself: who started it, when it was due, whether it is still wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Cancelled

from flows.runs.source_set import only_run_of, set_name
from flows.settings import Settings


@contextmanager
def scheduled_set(settings: Settings, kind: str, sources: Sequence[str], province: str | None) -> Iterator[None]:
    """Hold the set of sources for a run of a deployment; a run at a terminal or in a test is let through.

    Raises :class:`~flows.runs.source_set.SourceSetBusyError` as :func:`only_run_of`.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or run.deployment_id is None:
        yield
        return
    name, folder = set_name(kind, sources=sources, province=province), settings.state_dir / "sets"
    due = run.expected_start_time if run.auto_scheduled else None
    with only_run_of(folder, name, run.name, datetime.now(UTC), due=due) as done:
        yield
        done()


def ends_as_cancelled(why: str) -> State[Any]:
    """The final state of a run that is not wanted: cancelled, with the reason where people look."""
    return Cancelled(message=why, name="Skipped")


def is_of_a_deployment() -> bool:
    """Whether a server that stays started this run, rather than a command with a server of its own."""
    context = FlowRunContext.get()
    return context is not None and context.flow_run is not None and context.flow_run.deployment_id is not None
