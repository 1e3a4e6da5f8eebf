"""``nianbao sql`` and ``nianbao coverage``: questions to the reader copy, answered while loads go on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import typer

from flows.commands.terminal import say, show_table, talk
from flows.settings import Settings
from scrapers.sources.registry import load_sources, select_sources
from warehouse.coverage import coverage_table
from warehouse.errors import QueryError
from warehouse.query import Answer, Format, names, plain, run_sql, write_answer, write_parquet

PROMPT_ROWS = 200
"""Rows shown at the prompt; a query on the command line is answered whole."""
LEAVE = (".quit", ".exit", "quit", "exit", "\\q")
"""What people type to leave the prompts they know."""
CELL = 60
"""Characters of a cell shown in a table; other formats give cells whole."""


def sql_command(settings: Settings, query: str | None, *, output: str, to: Path | None) -> int:
    """Answer a query on standard output or into a file; without one, open a prompt."""
    form = output_format(output)
    if query is None:
        return _prompt(settings.reader_path) if sys.stdin.isatty() else _script(settings.reader_path, form)
    if to is not None and not to.parent.is_dir():
        raise typer.BadParameter(f"{to.parent} is no folder: make it first, or name another file")
    if form == "parquet":
        if to is None:
            raise typer.BadParameter("parquet needs a file: --to FILE.parquet")
        rows = write_parquet(settings.reader_path, query, to)
        talk.print(f"{rows} rows in {to}")
        return 0
    answer = run_sql(settings.reader_path, query)
    if to is None:
        show_answer(answer, form)
        return 0
    if form == "table":
        raise typer.BadParameter("a table is for the screen; name --format csv, json, jsonl or parquet for a file")
    with to.open("w", encoding="utf-8", newline="") as out:
        write_answer(answer, form, out)
    talk.print(f"{len(answer.rows)} rows in {to}")
    return 0


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


def show_answer(answer: Answer, form: Format) -> None:
    """An answer on standard output; what was cut off is said on standard error."""
    if form == "parquet":
        raise typer.BadParameter("parquet needs a file: nianbao sql ... --format parquet --to FILE.parquet")
    if form == "table":
        show_table(answer.columns, ([_cell(value) for value in row] for row in answer.rows))
        talk.print(f"{len(answer.rows)} rows" + (" and more; add LIMIT, or name a format" if answer.cut else ""))
    else:
        write_answer(answer, form, sys.stdout)


def show_question(reader: Path, question: str, query: str) -> None:
    """A question, the query that asks it, and its answer."""
    talk.print(f"\n{question}", style="bold")
    lines = [line.strip() for line in query.strip().splitlines()]
    talk.print('  nianbao sql "' + "\n    ".join(lines) + '"', style="dim")
    answer = run_sql(reader, query)
    show_table(answer.columns, ([_cell(value) for value in row] for row in answer.rows))


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


def _prompt(reader: Path) -> int:
    """Answer statements until end of file; a wrong one is explained and the next one asked for."""
    history = _line_editing(reader)
    talk.print("Read-only. End a statement with ; .tables and .schema NAME show what there is. Ctrl-D leaves.")
    try:
        for statement in _statements(_typed()):
            try:
                show_answer(run_sql(reader, statement, limit=PROMPT_ROWS), "table")
            except QueryError as error:
                say("error", error)
    finally:
        if history is not None:
            history()
    return 0


def _script(reader: Path, form: Format) -> int:
    """Answer the statements that are piped in, each whole; the first wrong one ends it (``QueryError``)."""
    for statement in _statements(sys.stdin):
        show_answer(run_sql(reader, statement), form)
    return 0


def _statements(lines: Iterable[str | None]) -> Iterator[str]:
    """Statements from lines: each ends with ``;`` or an empty line, dot commands with their line, the last with the
    lines. ``None`` is a line that was broken off: what was pending is forgotten."""
    pending: list[str] = []
    for line in lines:
        if line is None:
            pending.clear()
            continue
        if not pending and line.strip().rstrip(";").lower() in LEAVE:
            return
        pending.append(line.rstrip("\n"))
        text = "\n".join(pending).strip()
        if text.startswith(".") or text.endswith(";") or not line.strip():
            pending.clear()
            if text:
                yield text
    if rest := "\n".join(pending).strip():
        yield rest


def _typed() -> Iterator[str | None]:
    """Lines from the keyboard until Ctrl-D; ``None`` for Ctrl-C."""
    fresh = True
    while True:
        try:
            line = input("nianbao> " if fresh else "   ...> ")
        except KeyboardInterrupt:
            talk.print("")
            fresh = True
            yield None
            continue
        except EOFError:
            talk.print("")
            return
        fresh = not line.strip() or line.rstrip().endswith(";") or (fresh and line.lstrip().startswith("."))
        yield line


def _line_editing(reader: Path) -> Any:
    """History and completion of table and column names where the terminal has them; returns what saves the history."""
    try:
        import readline
    except ImportError:  # a Python without readline: the prompt works, without arrow keys
        return None
    file = reader.with_name("sql_history")
    if file.exists():
        readline.read_history_file(file)
    known = names(reader)
    words = sorted({*known, *(column for columns in known.values() for column in columns), ".tables", ".schema"})

    def complete(prefix: str, number: int) -> str | None:
        matches = [word for word in words if word.startswith(prefix)]
        return matches[number] if number < len(matches) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t\n,()=;")
    readline.parse_and_bind("tab: complete")
    return lambda: readline.write_history_file(file)


def output_format(output: str, *, file: bool = True) -> Format:
    """The format that an option names; without ``file`` none that needs one. Anything else is bad usage."""
    formats = [name for name in get_args(Format) if file or name != "parquet"]
    if output not in formats:
        raise typer.BadParameter(f"{output!r} is no format; take one of {', '.join(formats)}")
    return cast(Format, output)


def _cell(value: Any) -> object:
    shown = plain(value)
    if isinstance(shown, str) and len(shown) > CELL:
        return shown[: CELL - 1].replace("\n", " ") + "…"
    return shown
