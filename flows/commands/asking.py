"""``nianbao sql`` and ``nianbao coverage``: questions to the reader copy, answered while loads go on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import typer

from flows.commands.answers import CUT, cell, output_format, show_answer
from flows.commands.asked import Asked, asked_of
from flows.commands.statements import statements
from flows.commands.terminal import many, say, show_table, talk
from flows.settings import Settings
from scrapers.sources.registry import load_sources, select_sources
from warehouse.coverage import coverage_table
from warehouse.formats import (
    CELL_CHARACTERS,
    ENDINGS,
    SHEET_ROWS,
    FileFormat,
    Format,
    TextFormat,
    format_of,
    write_file,
    write_rows,
)
from warehouse.query import Answer, run_sql

SCREEN_ROWS = 1_000
"""Rows of a table on a terminal; everywhere else an answer is given whole unless a limit is named."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a query may take, and what it may read besides the warehouse."""

    limit: int | None = None
    """Rows."""
    seconds: float | None = None
    files: tuple[str, ...] = ()


def sql_command(settings: Settings, query: str | None, *, output: str | None, to: Path | None, bounds: Bounds) -> int:
    """Answer a query on standard output or into a file; without one, open a prompt."""
    reader = asked_of(settings, files=bounds.files)
    if to is not None:
        file_form = _file_format(output, to)
        return _into_file(reader, _only_statement(sys.stdin) if query is None else query, file_form, to, bounds)
    form = output_format(output or "table")
    if query is not None:
        _onto_screen(reader, query, form, bounds)
        return 0
    if sys.stdin.isatty():
        from flows.commands.prompt import prompt

        return prompt(reader, form, seconds=bounds.seconds, limit=bounds.limit)
    for statement in statements(sys.stdin):
        _onto_screen(reader, statement, form, bounds)
    return 0


def _file_format(output: str | None, to: Path) -> FileFormat:
    if not to.parent.is_dir():
        raise typer.BadParameter(f"{to.parent} is no folder: make it first, or name another file")
    if to.is_dir():
        raise typer.BadParameter(f"{to} is a folder: name a file in it")
    if output is None:
        by_ending = format_of(to)
        if by_ending is None:
            raise typer.BadParameter(f"{to}: name a --format, or a file that ends in {', '.join(ENDINGS)}")
        return by_ending
    form = output_format(output)
    if form == "table":
        raise typer.BadParameter(
            "a table is for the screen; name --format csv, json, jsonl, parquet or xlsx for a file"
        )
    return form


def _only_statement(lines: Iterable[str]) -> str:
    found = list(statements(lines))
    if len(found) != 1:
        raise typer.BadParameter(f"{len(found)} statements for one file: give one, or leave --to out")
    return found[0]


def _into_file(reader: Asked, query: str, form: FileFormat, to: Path, bounds: Bounds) -> int:
    with reader.stream(query, limit=bounds.limit, seconds=bounds.seconds) as stream:
        written = write_file(stream, form, to)
    talk.print(f"{many(written.rows, 'row')} in {to}" + (f", {CUT}" if stream.cut else ""))
    if written.sheets > 1:
        talk.print(f"They stand on {written.sheets} sheets: one has room for {SHEET_ROWS:,} rows.")
    if written.cut_cells:
        say(
            "problem",
            f"{many(written.cut_cells, 'cell')} held more than the {CELL_CHARACTERS:,} characters that Excel has room "
            "for and end in …; csv, jsonl and parquet hold them whole",
        )
    return 0


def _onto_screen(reader: Asked, query: str, form: Format, bounds: Bounds) -> None:
    """An answer on standard output, a row at a time where its format allows."""
    if form in ("table", "parquet", "xlsx"):
        limit = SCREEN_ROWS if bounds.limit is None and form == "table" and sys.stdout.isatty() else bounds.limit
        answer = reader.answer(query, limit=limit, seconds=bounds.seconds)
        show_answer(answer, form)
        return
    with reader.stream(query, limit=bounds.limit, seconds=bounds.seconds) as stream:
        write_rows(stream.columns, stream.rows(), cast(TextFormat, form), sys.stdout)
        if stream.cut:
            talk.print(f"There is more: {CUT}.")


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


def show_question(reader: Path, question: str, query: str) -> None:
    """A question, the query that asks it, and its answer."""
    talk.print(f"\n{question}", style="bold")
    lines = [line.strip() for line in query.strip().splitlines()]
    talk.print('  nianbao sql "' + "\n    ".join(lines) + '"', style="dim")
    answer = run_sql(reader, query)
    show_table(answer.columns, ([cell(value) for value in row] for row in answer.rows))


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
