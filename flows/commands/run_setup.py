"""What commands that start a run have in common before it begins: what was asked for, what must be there, a server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from flows.serving.deployment_files import BY_HAND
from flows.serving.prefect_server import HEARTBEAT, STAYING, brings_its_own, prefect_server
from flows.settings import Settings, SettingsError
from flows.terminal import talk

_Model = TypeVar("_Model", bound=BaseModel)


def validated(parameters: type[_Model], given: Mapping[str, Any]) -> _Model:
    """The options as the parameters of a flow. Raises :class:`SettingsError`, a line an option that is wrong."""
    try:
        return parameters.model_validate(given)
    except ValidationError as error:
        raise SettingsError("\n".join(_in_words(problem) for problem in error.errors())) from error


@contextmanager
def server_of_a_run(settings: Settings) -> Iterator[None]:
    """A Prefect server for the block; import flows inside it, since Prefect reads its settings when it is imported.

    On a server that stays, runs of the block are tagged as begun by hand and send heartbeats, so that one that is
    killed is found dead as those of workers are. They are not tagged as ours, all of which `nianbao serve` ends when it
    starts.
    """
    if brings_its_own(settings.prefect_home):
        talk.print("Starting a Prefect server for this run (7 s; 20 s the first time) ...")
    else:
        os.environ.setdefault(HEARTBEAT, STAYING[HEARTBEAT])
    with prefect_server(settings.prefect_home):
        from prefect import tags

        with tags(BY_HAND):
            yield


@contextmanager
def cancelled_is_said() -> Iterator[None]:
    """Around a flow that a command calls: where somebody cancels or suspends its run on the server, that is said, and
    the command ends with exit code 1; Ctrl-C stays what it is."""
    from prefect.exceptions import CancelledRun, Pause

    from flows.runs.stop_requests import is_by_ctrl_c

    try:
        yield
    except CancelledRun as ended:
        if is_by_ctrl_c(ended):
            raise KeyboardInterrupt from None
        talk.print("Cancelled on the server. What has landed is kept; the same command goes on from there.")
        raise typer.Exit(1) from None
    except Pause:
        talk.print("Suspended on the server. What has landed is kept; the same command goes on from there.")
        raise typer.Exit(1) from None


def _in_words(problem: Any) -> str:
    name = ".".join(map(str, problem["loc"])) or "parameters"
    said = problem["msg"].removeprefix("Value error, ").removeprefix(f"{name}: ")
    return f"--{name.replace('_', '-')}: {said}"
