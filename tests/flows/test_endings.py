"""What somebody stopped is cancelled in the ledger, what went wrong has failed."""

from __future__ import annotations

import signal

import pytest
from prefect.exceptions import TerminationSignal

from flows.endings import ending
from flows.run import RunStoppedError


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (None, "completed"),
        (KeyboardInterrupt(), "cancelled"),
        (TerminationSignal(signal=signal.SIGTERM), "cancelled"),
        (RunStoppedError("elsewhere"), "cancelled"),
        (OSError("no space left"), "failed"),
        (SystemExit(1), "failed"),
    ],
)
def test_a_run_ends_as_what_it_was_left_by(failure: BaseException | None, state: str) -> None:
    assert ending(failure, RunStoppedError) == state
