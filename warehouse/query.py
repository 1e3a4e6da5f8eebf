"""Ad hoc SQL on the reader copy: one read-only statement in, columns and rows out, in the format that is wanted."""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import duckdb
import pyarrow.parquet as pq

from warehouse.errors import QueryError
from warehouse.readers import open_reader

Format = Literal["table", "csv", "json", "jsonl", "parquet"]

_READING: Final = (
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    duckdb.StatementType.PRAGMA,
)
_HELP: Final = ".tables lists the tables and views, .schema NAME their columns"
_MISSING_TABLE: Final = re.compile(
    r'Table with name ([^\s!]+) does not exist|[Tt]able [Ff]unction with name "?([^\s"!]+)"? does not'
)
_MISSING_COLUMN: Final = re.compile(
    r'Referenced column "([^"]+)" (?:was )?not found|does not have a column named "([^"]+)"'
    r'|Could not find key "([^"]+)"'
)
_POINTER: Final = re.compile(r"\n\nLINE \d+:.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Answer:
    """A result as a table. ``rows`` hold Python values; ``types`` DuckDB's names of the column types."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool = False
    """There were more rows than the limit."""


def run_sql(
    reader: Path,
    sql: str,
    *,
    limit: int | None = None,
    seconds: float | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Answer:
    """Answer one reading statement (``select``, ``from``, ``describe``, ``show``, ``explain``), ``.tables`` or
    ``.schema [NAME]``.

    ``limit`` cuts after so many rows, ``seconds`` stops a query that takes longer. Raises ``QueryError`` with what
    is wrong and the nearest names, ``NoReaderError`` where no copy has been published.
    """
    connection = open_reader(reader)
    try:
        if sql.lstrip().startswith("."):
            sql, parameters = _dot_command(connection, sql)
        statement = _one_statement(connection, sql)
        stop = threading.Timer(seconds, connection.interrupt) if seconds is not None else None
        if stop is not None:
            stop.daemon = True
            stop.start()
        try:
            cursor = connection.execute(statement, dict(parameters or {}) or None)
            described = cursor.description or []
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
        except duckdb.InterruptException as error:
            raise QueryError(f"stopped after {seconds:g} s: ask for less (where, limit), or allow more time") from error
        except duckdb.Error as error:
            raise QueryError(_explained(connection, str(error))) from error
        finally:
            if stop is not None:
                stop.cancel()
        cut = limit is not None and len(rows) > limit
        return Answer(
            columns=tuple(str(column[0]) for column in described),
            types=tuple(str(column[1]) for column in described),
            rows=tuple(rows[:limit] if cut else rows),
            cut=cut,
        )
    finally:
        connection.close()


def write_parquet(reader: Path, sql: str, target: Path) -> int:
    """Write the answer of one reading statement to a Parquet file and return its number of rows; raises as
    ``run_sql``.
    """
    connection = open_reader(reader)
    try:
        statement = _one_statement(connection, sql)
        try:
            table = connection.execute(statement).to_arrow_table()
        except duckdb.Error as error:
            raise QueryError(_explained(connection, str(error))) from error
    finally:
        connection.close()
    temporary = target.with_name(f".{target.name}.tmp")
    pq.write_table(table, temporary, compression="zstd")
    temporary.replace(target)
    return int(table.num_rows)


def write_answer(answer: Answer, format: Literal["csv", "json", "jsonl"], out: TextIO) -> None:
    """Write ``answer`` as text: CSV with a header row (``NULL`` is an empty cell), a JSON array, or one JSON object
    a line.

    Dates and instants are ISO 8601; lists and structs stay nested in JSON and are JSON in a CSV cell.
    """
    if format == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([_cell(value) for value in row] for row in answer.rows)
        return
    objects = (dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows)
    if format == "json":
        json.dump(list(objects), out, ensure_ascii=False, indent=1)
        out.write("\n")
        return
    for item in objects:
        out.write(json.dumps(item, ensure_ascii=False) + "\n")


def answer_text(answer: Answer, format: Literal["csv", "json", "jsonl"]) -> str:
    """``write_answer`` into a string."""
    out = io.StringIO()
    write_answer(answer, format, out)
    return out.getvalue()


def plain(value: Any) -> Any:
    """``value`` in the types of JSON."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def names(reader: Path) -> dict[str, tuple[str, ...]]:
    """Tables and views with their columns, for completion at a prompt."""
    connection = open_reader(reader)
    try:
        found: dict[str, tuple[str, ...]] = {}
        for table, column in connection.execute(_COLUMNS).fetchall():
            found[table] = (*found.get(table, ()), column)
        return found
    finally:
        connection.close()


_COLUMNS: Final = """
SELECT table_name, column_name FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal ORDER BY table_name, column_index
"""
_MACROS: Final = """
SELECT function_name FROM duckdb_functions()
WHERE database_name = current_database() AND function_type = 'table_macro' AND NOT internal
"""
_NAMES: Final = """
SELECT DISTINCT table_name FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal
"""
_TABLES: Final = """
SELECT view_name AS name, 'view' AS kind, comment FROM duckdb_views()
WHERE database_name = current_database() AND NOT internal
UNION ALL
SELECT table_name, 'table', comment FROM duckdb_tables() WHERE database_name = current_database()
ORDER BY kind DESC, name
"""
_SCHEMA: Final = """
SELECT table_name AS "table", column_name AS "column", data_type AS type, comment FROM duckdb_columns()
WHERE database_name = current_database() AND NOT internal AND ($name IS NULL OR table_name = $name)
ORDER BY table_name, column_index
"""


def _dot_command(connection: duckdb.DuckDBPyConnection, command: str) -> tuple[str, Mapping[str, Any]]:
    word, *arguments = command.strip().rstrip(";").split()
    if word == ".tables" and not arguments:
        return _TABLES, {}
    if word == ".schema" and len(arguments) <= 1:
        known = {table for (table,) in connection.execute(_NAMES).fetchall()}
        if arguments and arguments[0] not in known:
            raise QueryError(f"there is no table or view {arguments[0]}.{_nearest(arguments[0], known)} {_HELP}")
        return _SCHEMA, {"name": arguments[0] if arguments else None}
    raise QueryError(f"{command.strip()} is no command here: {_HELP}")


def _one_statement(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_explained(connection, str(error))) from error
    if not statements:
        raise QueryError("there is no statement in it: try  select * from reports limit 5")
    if len(statements) > 1:
        raise QueryError(f"{len(statements)} statements at once: one at a time, please")
    (statement,) = statements
    if statement.type not in _READING:
        raise QueryError(
            f"{str(statement.type).rpartition('.')[2]} is refused: the reader copy is read-only and is replaced after "
            "each load. To write an answer to a file, name a format and a file; to keep tables of your own, attach the "
            "copy in a DuckDB of yours."
        )
    return statement


def _explained(connection: duckdb.DuckDBPyConnection, error: str) -> str:
    """DuckDB's message with the names that were probably meant, and without advice that does not hold here."""
    first = _POINTER.sub("", error).split("\nDid you mean")[0].split("\nCandidate")[0].strip()
    pointer = _POINTER.search(error)
    shown = first + (pointer.group(0).replace("\n\n", "\n") if pointer else "")
    columns = connection.execute(_COLUMNS).fetchall()
    table = _MISSING_TABLE.search(error)
    if table:
        name = next(group for group in table.groups() if group)
        macros = {row[0] for row in connection.execute(_MACROS).fetchall()}
        return (
            f"{shown}\nthere is no table or view {name}.{_nearest(name, {row[0] for row in columns} | macros)} {_HELP}"
        )
    column = _MISSING_COLUMN.search(error)
    if column:
        name = next(group for group in column.groups() if group)
        asked = {word.lower() for word in re.findall(r"\w+", error.partition("LINE ")[2])}
        here = {row[1] for row in columns if row[0].lower() in asked} or {row[1] for row in columns}
        elsewhere = sorted({row[0] for row in columns if row[1] == name})[:4]
        held = f" {', '.join(elsewhere)} have a column of that name." if elsewhere else ""
        return f"{shown}\nthere is no column {name} here.{_nearest(name, here)}{held} {_HELP}"
    return shown


def _nearest(name: str, known: Iterable[str]) -> str:
    by_lower = {word.lower(): word for word in known}
    close = difflib.get_close_matches(name.strip('"').rpartition(".")[2].lower(), by_lower, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(by_lower[word] for word in close)}?" if close else ""


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    simple = plain(value)
    return json.dumps(simple, ensure_ascii=False) if isinstance(simple, dict | list) else simple
