"""``nianbao sql``: questions to the reader copy, answered while loads go on."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import typer

from flows.commands.query_target import QueryTarget, query_target
from flows.commands.shown_answer import CUT, output_format, show_answer
from flows.commands.sql_statements import statements
from flows.settings import Settings
from flows.terminal import many, say, talk
from warehouse.answers.formats import (
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
    reader = query_target(settings, files=bounds.files)
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


def _into_file(reader: QueryTarget, query: str, form: FileFormat, to: Path, bounds: Bounds) -> int:
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


def _onto_screen(reader: QueryTarget, query: str, form: Format, bounds: Bounds) -> None:
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
