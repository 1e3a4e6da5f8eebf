"""What somebody stopped is cancelled in the ledger, what went wrong has failed."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from prefect.exceptions import TerminationSignal

from flows.commands.runs import runs_command
from flows.crawling.crawl_run import RunStoppedError
from flows.runs.endings import ending
from flows.runs.run_lock import run_lock
from flows.settings import Settings
from warehouse.ledgers.crawl_ledger import start_run
from warehouse.readers import publish


def stopped_in_a_query() -> RuntimeError:
    """Ctrl-C as DuckDB gives it on."""
    error = RuntimeError("Query interrupted")
    error.__cause__ = KeyboardInterrupt()
    return error


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (None, "completed"),
        (KeyboardInterrupt(), "cancelled"),
        (stopped_in_a_query(), "cancelled"),
        (RuntimeError("Query interrupted"), "failed"),
        (TerminationSignal(signal=signal.SIGTERM), "cancelled"),
        (RunStoppedError("elsewhere"), "cancelled"),
        (OSError("no space left"), "failed"),
        (SystemExit(1), "failed"),
    ],
)
def test_a_run_ends_as_what_it_was_left_by(failure: BaseException | None, state: str) -> None:
    assert ending(failure, RunStoppedError) == state


def test_a_run_whose_process_is_gone_is_not_shown_as_running(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data_dir=tmp_path)
    settings.warehouse_path.parent.mkdir(parents=True)
    (settings.state_dir / "runs").mkdir(parents=True)
    (settings.state_dir / "runs" / "killed.lock").touch()
    for run_id in ("killed", "alive", "of-another-machine"):
        start_run(settings.warehouse_path, run_id, "crawl", {})
    publish(settings.warehouse_path, settings.reader_path)
    with run_lock(settings.state_dir / "runs", "alive"):
        runs_command(settings, kind=None, limit=10, output="table")
    shown = capfd.readouterr()
    states = {row.split("│")[1].strip(): row.split("│")[3].strip() for row in shown.out.splitlines() if "crawl" in row}
    assert states == {"killed": "cut off", "alive": "running", "of-another-machine": "running"}
    assert "its process is gone" in shown.err
