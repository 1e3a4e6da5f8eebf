"""How the answer to a query is shown: as a table, a column a line, or in a format that other programs read."""

from __future__ import annotations

import sys
from typing import Any, Final, cast, get_args

import typer
from rich.console import Console
from rich.text import Text

from flows.terminal import many, show_table, shown, talk
from warehouse.answers.formats import Format, TextFormat, plain, write_answer
from warehouse.query import Answer

CUT: Final = "cut off by the limit: --limit N allows more"
CELL: Final = 60
"""Characters of a cell shown in a table; other formats give cells whole."""


def output_format(output: str, *, file: bool = True) -> Format:
    """The format that an option names; without ``file`` none that needs one. Anything else is bad usage."""
    formats = [name for name in get_args(Format) if file or name not in ("parquet", "xlsx")]
    if output not in formats:
        raise typer.BadParameter(f"{output!r} is no format; take one of {', '.join(formats)}")
    return cast(Format, output)


def show_answer(answer: Answer, form: Format, *, cut: str = CUT) -> None:
    """An answer on standard output; what was cut off, and why it may be empty, is said on standard error."""
    if form in ("parquet", "xlsx"):
        raise typer.BadParameter(f"{form} needs a file: nianbao sql ... --to FILE.{form}")
    if form == "table":
        show_table(answer.columns, ([cell(value) for value in row] for row in answer.rows))
        talk.print(many(len(answer.rows), "row") + (f" and more; {cut}" if answer.cut else ""))
    else:
        write_answer(answer, cast(TextFormat, form), sys.stdout)
    for hint in answer.hints:
        talk.print(shown(hint))


def show_lines(answer: Answer, *, cut: str = CUT) -> None:
    """An answer a column a line, whole: for few rows with long cells."""
    console = Console(highlight=False, soft_wrap=True)
    width = max((len(column) for column in answer.columns), default=0)
    for number, row in enumerate(answer.rows, 1):
        console.print(Text(f"── row {number} ".ljust(width + 20, "─"), style="dim"))
        for column, value in zip(answer.columns, row, strict=True):
            console.print(Text(f"{column:>{width}}  {'' if value is None else shown(plain(value))}"))
    talk.print(many(len(answer.rows), "row") + (f" and more; {cut}" if answer.cut else ""))
    for hint in answer.hints:
        talk.print(shown(hint))


def cell(value: Any) -> object:
    """A value as a table shows it: on one line, :data:`CELL` characters at most."""
    simple = plain(value)
    if isinstance(simple, str) and len(simple) > CELL:
        return simple[: CELL - 1].replace("\n", " ") + "…"
    return simple
