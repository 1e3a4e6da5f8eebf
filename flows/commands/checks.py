"""``nianbao checks``: rows of the reader copy, or of the warehouse, that must not be there, with examples."""

from __future__ import annotations

from pathlib import Path

import duckdb
import typer

from flows.commands.shown_answer import output_format, show_answer
from flows.settings import Settings
from flows.terminal import many, show_table, shown, talk
from warehouse.answers.formats import plain
from warehouse.checks import CheckResult, check_warehouse, checks, outdated, run_checks
from warehouse.query import Answer
from warehouse.readers import open_reader, require_warehouse

EXAMPLES = 3
"""Rows shown of a check that found some."""


def checks_command(settings: Settings, *, name: str | None, unpublished: bool, output: str) -> int:
    """Every check and what it found on the screen; in the other formats a row an offence. Exit code 1 where a check of
    severity ``error`` found rows."""
    form = output_format(output, file=False)
    known = [check.name for check in checks()]
    if name is not None and name not in known:
        raise typer.BadParameter(f"{name!r} is no check; take one of {', '.join(known)}")
    found = _check_unpublished(settings) if unpublished else _check_copy(settings.reader_path)
    results = [result for result in found if name is None or result.check.name == name]
    if form != "table":
        show_answer(_offences(results), form)
    else:
        _show(results)
    return 1 if any(result.rows and result.check.severity == "error" for result in results) else 0


def _check_unpublished(settings: Settings) -> tuple[CheckResult, ...]:
    require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
    return check_warehouse(settings.warehouse_path)


def _check_copy(reader: Path) -> tuple[CheckResult, ...]:
    connection = open_reader(reader)
    try:
        return run_checks(connection)
    except duckdb.CatalogException as error:
        raise outdated(reader, error) from error
    finally:
        connection.close()


def _show(results: list[CheckResult]) -> None:
    columns = ("check", "severity", "rows", "ms", "what the rows are")
    show_table(columns, ([*_line(result), result.check.title] for result in results))
    for result in results:
        for row in result.rows[:EXAMPLES]:
            known = [(column, value) for column, value in zip(result.columns, row, strict=True) if value is not None]
            cells = ", ".join(f"{column} {plain(value)}" for column, value in known)
            talk.print(shown(f"{result.check.name}: {cells}"))
    found = [result for result in results if result.rows]
    if not found:
        talk.print(f"{many(len(results), 'check')}, no row that must not be there.")
        return
    talk.print(
        f"{many(len(found), 'check')} of {len(results)} found rows; nianbao checks --only NAME -f csv gives all. "
        "While one of severity error finds rows, the reader copy stays as it is."
    )


def _line(result: CheckResult) -> list[object]:
    return [result.check.name, result.check.severity, len(result.rows), round(1000 * result.seconds)]


def _offences(results: list[CheckResult]) -> Answer:
    rows = tuple(
        (result.check.name, result.check.severity, dict(zip(result.columns, row, strict=True)))
        for result in results
        for row in result.rows
    )
    return Answer(("check", "severity", "row"), ("VARCHAR", "VARCHAR", "STRUCT"), rows)
