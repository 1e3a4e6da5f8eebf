"""``nianbao coverage``: publisher x report type x year, as a grid or as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer

from flows.commands.shown_answer import output_format, show_answer
from flows.settings import Settings
from flows.terminal import show_table, talk
from scrapers.sources.registry import load_sources, select_sources
from warehouse.coverage import coverage_table
from warehouse.query import Answer


def coverage_command(
    settings: Settings, *, source: str | None, years: Sequence[int], states: Sequence[str], output: str
) -> int:
    """The coverage ledger: a grid of publishers and years on the screen, rows in every other format."""
    form = output_format(output)
    try:
        answer = coverage_table(settings.reader_path, years=years, states=states, source_id=source)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if source is not None and not answer.rows:
        select_sources(load_sources(settings.sources_dir), ids=[source])  # raises for a misspelt id
    if form == "table":
        show_coverage(answer)
    else:
        show_answer(answer, form)
    return 0


def show_coverage(answer: Answer) -> None:
    """The ledger as a grid for each report type: a row a publisher, a column a report year."""
    at = {name: number for number, name in enumerate(answer.columns)}
    kinds = sorted({row[at["report_type"]] for row in answer.rows})
    for kind in kinds:
        rows = [row for row in answer.rows if row[at["report_type"]] == kind]
        years = sorted({row[at["report_year"]] for row in rows})
        grid: dict[str, dict[int, str]] = {}
        for row in rows:
            grid.setdefault(row[at["publisher"]], {})[row[at["report_year"]]] = _standing(row, at)
        show_table(
            ("publisher", *map(str, years)),
            ([publisher, *(cells.get(year, "") for year in years)] for publisher, cells in grid.items()),
            title=f"coverage: {kind}",
        )
    if kinds:
        talk.print("✓ held in time, +12d held and published 12 days after the legal deadline; else the state.")
    else:
        talk.print("Nothing is expected of what was asked for; `nianbao sources list` shows the registry.")


def _standing(row: tuple[Any, ...], at: dict[str, int]) -> str:
    state, late = str(row[at["state"]]), row[at["days_late"]]
    if state == "held":
        return f"+{late}d" if late else "✓"
    return state.replace("_", " ")
