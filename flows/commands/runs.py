"""``nianbao runs``: the last runs, how they ended and what they brought."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flows.commands.shown_answer import CUT, output_format, show_answer
from flows.runs.run_lock import left_by_the_dead
from flows.settings import Settings
from flows.terminal import show_table, talk
from warehouse.answers.runs import run_table

_SHOWN = (
    "run_id",
    "kind",
    "state",
    "started_at",
    "took",
    "listed",
    "new",
    "changed",
    "unchanged",
    "quarantined",
    "failed",
    "postponed",
    "error",
)


def runs_command(settings: Settings, *, kind: str | None, limit: int, output: str) -> int:
    """The newest runs first: a table on the screen, rows with every count in the other formats."""
    form = output_format(output, file=False)
    answer = run_table(settings.reader_path, kind=kind, limit=limit)
    if form != "table":
        show_answer(answer, form)
    elif answer.rows:
        at = {name: number for number, name in enumerate(answer.columns)}
        rows = [{name: _cell(row[at[name]]) for name in _SHOWN} for row in answer.rows]
        dead = {*left_by_the_dead(settings.state_dir / "runs")}
        cut_off = [row for row in rows if row["state"] == "running" and row["run_id"] in dead]
        for row in cut_off:
            row["state"] = "cut off"
        show_table(_SHOWN, (list(row.values()) for row in rows))
        if cut_off:
            talk.print("Cut off: its process is gone. The next run takes up what it left, and ends it in the ledger.")
    if answer.cut:
        talk.print(f"The newest {limit}, {CUT}.")
    if not answer.rows:
        talk.print("No run is known." if kind is None else f"No run of the kind {kind} is known.")
    return 0


def _cell(value: Any) -> object:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, timedelta):
        return str(timedelta(seconds=round(value.total_seconds())))
    return value
