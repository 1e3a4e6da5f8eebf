"""``nianbao problems``: what fails, since when, why, and what a person should do, from the ledger."""

from __future__ import annotations

from typing import Any

import typer

from flows.commands.shown_answer import output_format, show_answer
from flows.settings import Settings
from flows.terminal import show_table, shown, talk
from scrapers.sources.registry import load_sources, select_sources
from warehouse.answers.problems import KINDS, problem_table

LONGEST_DETAIL = 120
"""Characters of a detail in a table; the other formats have it whole."""


def problems_command(settings: Settings, *, source: str | None, kind: str | None, each: bool, output: str) -> int:
    """Groups of problems with advice on the screen, rows in every other format. Exit code 0: showing them is done."""
    form = output_format(output)
    if kind is not None and kind not in KINDS:
        raise typer.BadParameter(f"{kind!r} is no kind of problem; take one of {', '.join(KINDS)}")
    answer = problem_table(settings.reader_path, source_id=source, kind=kind, each=each)
    if source is not None and not answer.rows:
        select_sources(load_sources(settings.sources_dir), ids=[source])  # raises for a misspelt id
    if form != "table":
        show_answer(answer, form)
        return 0
    at = {name: number for number, name in enumerate(answer.columns)}
    places = ["url" if each else "example", "detail"]
    counts = ["times"] if each else ["things", "times"]
    columns = ["kind", "source_id", "outcome", *counts, "since", "last_seen_at", *places]
    place = at[places[0]]
    show_table(columns, ([_cell(name, row[at[name]], row[place]) for name in columns] for row in answer.rows))
    advice = {row[at["outcome"]]: row[at["advice"]] for row in answer.rows if row[at["advice"]]}
    for outcome, what in sorted(advice.items()):
        talk.print(shown(f"{outcome}: {what}"))
    talk.print(
        f"{len(answer.rows)} {'problems' if each else 'ways of failing; --each shows every page'}."
        if answer.rows
        else "No problem is known."
    )
    return 0


def _cell(name: str, value: Any, url: str | None) -> object:
    if name in ("since", "last_seen_at") and value is not None:
        return value.strftime("%Y-%m-%d %H:%M")
    if name == "detail" and value is not None:
        value = value.removeprefix(f"{url}: ").replace("\n", " ")  # of a listing it begins with what stands beside it
        return value if len(value) <= LONGEST_DETAIL else value[: LONGEST_DETAIL - 1] + "…"
    return value
