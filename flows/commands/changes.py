"""``nianbao changes``: which published texts were changed afterwards, and in which sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from rich.console import Console
from rich.text import Text

from flows.commands.shown_answer import CUT, output_format, show_answer
from flows.settings import Settings
from flows.terminal import many, shown, talk
from scrapers.sources.registry import load_sources, select_sources
from warehouse.answers.report_changes import change_table

SENTENCES = 6
"""Sentences shown of each side of a change; the other formats have all."""


def changes_command(
    settings: Settings, *, source: str | None, year: int | None, since: date | None, limit: int, output: str
) -> int:
    """Changes with - for what was cut and + for what came in on the screen, rows in every other format."""
    form = output_format(output, file=False)
    answer = change_table(settings.reader_path, source_id=source, year=year, since=since, limit=limit)
    if source is not None and not answer.rows:
        select_sources(load_sources(settings.sources_dir), ids=[source])  # raises for a misspelt id
    if form != "table":
        show_answer(answer, form)
    else:
        console = Console(highlight=False, soft_wrap=True)
        for row in answer.rows:
            _show(console, dict(zip(answer.columns, row, strict=True)))
    if answer.cut:
        talk.print(f"The newest {limit}, {CUT}.")
    elif not answer.rows:
        talk.print("No published text is known to have changed.")
    elif form == "table":
        talk.print(many(len(answer.rows), "change") + ".")
    return 0


def _show(console: Console, change: dict[str, Any]) -> None:
    day = change["changed_at"].strftime("%Y-%m-%d %H:%M")
    head = f"{change['publisher'] or '?'} {change['report_year'] or '?'} {change['report_type'] or ''}".rstrip()
    state = "" if change["state"] == "accepted" else f", {change['state']}"
    versions = f"version {change['version_before']} to {change['version']}"
    lengths = f"{change['length_before']} to {change['text_length']} characters"
    console.print(Text(shown(f"{head}: {change['title'] or ''}"), style="bold"))
    console.print(Text(f"  seen {day}, {versions}, {lengths}{state}", style="dim"))
    _sentences(console, "-", "red", change["cut"])
    _sentences(console, "+", "green", change["came_in"])
    if not change["cut"] and not change["came_in"]:
        console.print(Text("  (the same sentences, otherwise ordered or broken into lines)", style="dim"))
    console.print(Text(f"  {shown(change['url'])}", style="dim"))


def _sentences(console: Console, mark: str, style: str, sentences: Sequence[str]) -> None:
    for sentence in sentences[:SENTENCES]:
        console.print(Text(shown(f"  {mark} {sentence}".replace("\t", " ")), style=style))
    if len(sentences) > SENTENCES:
        console.print(Text(f"  {mark} ... and {len(sentences) - SENTENCES} more sentences", style=style))
