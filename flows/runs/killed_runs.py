"""Runs that ended without saying so: their processes were killed, and the next run closes them."""

from __future__ import annotations

from contextlib import suppress

from flows.runs.run_lock import forget, is_alive, left_by_the_dead
from flows.settings import Settings
from flows.shared_store.handing_over import note_run
from warehouse.ledgers.crawl_ledger import close_killed_runs


def close_killed(settings: Settings) -> None:
    """End in the ledger what no process goes on with, and hand its record over where this machine only crawls."""
    runs = settings.state_dir / "runs"
    killed = close_killed_runs(settings.warehouse_path, lambda run_id: is_alive(runs, run_id))
    if settings.hands_over:
        # Also of one that was killed between its end and its record.
        for run_id in left_by_the_dead(runs):
            with suppress(KeyError):  # it has not begun yet
                note_run(settings, run_id)
                forget(runs, run_id)
    for run_id in killed:
        forget(runs, run_id)
