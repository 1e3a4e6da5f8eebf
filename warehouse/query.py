"""Ad hoc SQL on the reader copy: one read-only statement in, columns and rows out, whole or piece by piece."""

from __future__ import annotations

import re
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from warehouse.errors import LimitError, QueryError
from warehouse.query_advice import COLUMNS, HELP, explained, macro_columns, nearest, uncounted_words, why_empty
from warehouse.readers import open_reader
from warehouse.restricted import open_restricted

_READING: Final = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_PLAN: Final = re.compile(r"\s*EXPLAIN\s+(?:ANALYZE\s+)?(?:\([^()]*\)\s*)?(?=\w)", re.IGNORECASE)
_ROWS_AT_ONCE: Final = 5_000
_HINT_SECONDS: Final = 2.0
"""Spent at most on finding out why an answer has no rows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A result as a table. ``rows`` hold Python values; ``types`` DuckDB's names of the column types."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    cut: bool = False
    """There were more rows than the limit."""
    hints: tuple[str, ...] = ()
    """Where nothing was found, no row or counts of 0, and hints were asked for: which compared value no row has, and
    what there is."""


class Stream:
    """The answer to a statement while it is made: read once, by ``rows`` or by ``batches``, in the memory of a batch.

    Both raise ``QueryError`` as ``run_sql`` does.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, limit: int | None, explain: _Explain) -> None:
        described = cursor.description or []
        self.columns = tuple(str(column[0]) for column in described)
        self.types = tuple(str(column[1]) for column in described)
        self.cut = False
        """There were more rows than the limit; known after the last row."""
        self._cursor = cursor
        self._limit = limit
        self._explain = explain

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows as Python values."""
        left = self._limit
        while True:
            with self._explain():
                some = self._cursor.fetchmany(_ROWS_AT_ONCE if left is None else min(_ROWS_AT_ONCE, left + 1))
            if left is not None and len(some) > left:
                self.cut = True
                some = some[:left]
            yield from some
            if not some or self.cut:
                return
            left = None if left is None else left - len(some)

    def batches(self, rows_at_once: int) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The rows as Arrow record batches of about ``rows_at_once`` rows, with their schema."""
        with self._explain():
            reader = self._cursor.to_arrow_reader(rows_at_once)
        return reader.schema, self._batches(reader)

    def _batches(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        left = self._limit
        while True:
            with self._explain():
                batch = next(reader, None)
            if batch is None:
                return
            if left is not None:
                self.cut = batch.num_rows > left
                batch = batch.slice(0, left)
                left -= batch.num_rows
            if batch.num_rows:
                yield batch
            if self.cut:
                return


class _Explain:
    """Turns what DuckDB says about one statement into ``QueryError``; used as ``with explain(): ...``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str, seconds: float | None) -> None:
        self._connection = connection
        self._sql = sql
        self._seconds = seconds

    @contextmanager
    def __call__(self) -> Iterator[None]:
        try:
            yield
        # Through Arrow's C interface an error of DuckDB's arrives as one of the system's.
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            raise self._in_words(str(error)) from error

    def _in_words(self, error: str) -> QueryError:
        if "INTERRUPT Error" in error:
            allowed = "" if self._seconds is None else f" after {self._seconds:g} s"
            return LimitError(
                f"stopped{allowed}: ask for less (a year, a publisher, fewer columns), or allow more time"
            )
        kind = LimitError if "Out of Memory" in error else QueryError
        try:
            return kind(explained(self._connection, self._sql, error))
        except duckdb.Error:  # no names can be looked up: the time is over, or the query has broken its instance
            return kind(error.partition("\n\nLINE")[0])


@contextmanager
def streamed_sql(
    reader: Path,
    sql: str,
    *,
    limit: int | None = None,
    seconds: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
) -> Iterator[Stream]:
    """Answer one reading statement, as ``run_sql`` does, a piece at a time inside the block.

    ``seconds`` counts until the last row is taken. ``files`` are paths that the query may read besides.
    """
    connection = open_restricted(reader, files=files)
    try:
        with stream_on(connection, sql, limit=limit, seconds=seconds, parameters=parameters) as stream:
            yield stream
    finally:
        connection.close()


def run_sql(
    reader: Path,
    sql: str,
    *,
    limit: int | None = None,
    seconds: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    files: Sequence[str] = (),
    hints: bool = False,
) -> Answer:
    """Answer one reading statement (``select``, ``from``, ``pivot``, ``describe``, ``show``, ``explain``), ``.tables``,
    ``.macros`` or ``.schema [NAME]``.

    ``limit`` cuts after so many rows, ``seconds`` stops a query that takes longer, ``files`` are paths that the query
    may read besides the warehouse. ``hints`` asks for words on why nothing was found. Raises ``QueryError`` with what
    is wrong and the nearest names, ``NoReaderError`` where no copy has been published.
    """
    connection = open_restricted(reader, files=files)
    try:
        return run_on(connection, sql, limit=limit, seconds=seconds, parameters=parameters, hints=hints)
    finally:
        connection.close()


def run_on(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    *,
    limit: int | None = None,
    seconds: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    hints: bool = False,
) -> Answer:
    """``run_sql`` on a connection of ``open_restricted`` that is kept open: for a server that answers many."""
    with stream_on(connection, sql, limit=limit, seconds=seconds, parameters=parameters) as stream:
        rows = tuple(stream.rows())
    nothing = len(rows) < 2 and all(says_nothing(row) for row in rows)
    found = hints_on(connection, sql, nothing=nothing) if hints else ()
    return Answer(stream.columns, stream.types, rows, stream.cut, found)


def says_nothing(row: Sequence[Any]) -> bool:
    """Whether a row is what an aggregate makes of no rows: counts of 0, and NULL."""
    return all(value in (0, None) for value in row)


def hints_on(
    connection: duckdb.DuckDBPyConnection, sql: str, *, nothing: bool, seconds: float = _HINT_SECONDS
) -> tuple[str, ...]:
    """Words on why an answer may be empty: words that texts are never cut into and, where ``nothing`` was found, values
    that are compared and no row has.

    A hint that takes longer than ``seconds`` or cannot be made is none: the answer stands without it.
    """
    if sql.lstrip().startswith("."):
        return ()
    with _time_limit(connection, seconds), suppress(duckdb.Error):
        return (*uncounted_words(connection, sql), *(why_empty(connection, sql) if nothing else ()))
    return ()


def names(reader: Path) -> dict[str, tuple[str, ...]]:
    """Tables and views with their columns, for completion at a prompt."""
    connection = open_reader(reader)
    try:
        found: dict[str, tuple[str, ...]] = {}
        for table, column in connection.execute(COLUMNS).fetchall():
            found[table] = (*found.get(table, ()), column)
        return found
    finally:
        connection.close()


def vocabulary(reader: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The warehouse's macros and SQL's keywords, for completion at a prompt."""
    connection = open_reader(reader)
    try:
        macros = [row[0] for row in connection.execute(_MACRO_NAMES).fetchall()]
        words = connection.execute("SELECT DISTINCT keyword_name FROM duckdb_keywords() ORDER BY 1").fetchall()
        return tuple(macros), tuple(word for (word,) in words)
    finally:
        connection.close()


@contextmanager
def stream_on(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    *,
    limit: int | None = None,
    seconds: float | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Iterator[Stream]:
    """``streamed_sql`` on a connection of ``open_restricted``, which stays open."""
    if sql.lstrip().startswith("."):
        sql, parameters = _dot_command(connection, sql)
    explain = _Explain(connection, sql, seconds)
    *before, statement = _one_statement(connection, sql, explain)
    with _time_limit(connection, seconds), _heeding_ctrl_c(connection):
        with explain():
            for made in before:
                connection.execute(made)
            cursor = connection.execute(statement, dict(parameters or {}) or None)
        yield Stream(cursor, limit, explain)


@contextmanager
def _time_limit(connection: duckdb.DuckDBPyConnection, seconds: float | None) -> Iterator[None]:
    if seconds is None:
        yield
        return
    stop = threading.Timer(seconds, connection.interrupt)
    stop.daemon = True
    stop.start()
    try:
        yield
    finally:
        stop.cancel()


@contextmanager
def _heeding_ctrl_c(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Ctrl-C interrupts the query at once.

    DuckDB looks for signals between its tasks alone, and one task of a join without a condition may take minutes.
    """
    if threading.current_thread() is not threading.main_thread():  # where no signals come
        yield
        return
    heard, woken = socket.socketpair()
    woken.setblocking(False)
    before = signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)

    def listen() -> None:
        while signals := heard.recv(16):
            if signal.SIGINT in signals:
                connection.interrupt()

    listening = threading.Thread(target=listen, daemon=True)
    listening.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        woken.close()
        listening.join()
        heard.close()


def _one_statement(connection: duckdb.DuckDBPyConnection, sql: str, explain: _Explain) -> Sequence[duckdb.Statement]:
    """The statement, if it only reads. A PIVOT comes in parts: DuckDB makes a temporary type of the values first, and
    such parts carry no text of their own, unlike a CREATE that somebody wrote."""
    with explain():
        statements = connection.extract_statements(sql)
    if not statements:
        raise QueryError("there is no statement in it: try  select * from reports limit 5")
    *before, statement = statements
    written = [part for part in before if part.type != duckdb.StatementType.CREATE or part.query.strip()]
    if written:
        raise QueryError(f"{len(statements)} statements at once: one at a time, please")
    if statement.type == duckdb.StatementType.EXPLAIN:
        # EXPLAIN ANALYZE does what it explains.
        _one_statement(connection, _PLAN.sub("", sql, count=1), explain) if _PLAN.match(sql) else _refuse(statement)
    elif statement.type not in _READING:
        _refuse(statement)
    return statements


def _refuse(statement: duckdb.Statement) -> None:
    raise QueryError(
        f"{str(statement.type).rpartition('.')[2]} is refused: the reader copy is read-only and is replaced after "
        "each load. To write an answer to a file: nianbao sql --to FILE; to keep tables of your own, attach the copy "
        "in a DuckDB of yours (docs/asking.md)."
    )


_MACRO_NAMES: Final = """
SELECT DISTINCT function_name FROM duckdb_functions()
WHERE database_name = current_database() AND function_type LIKE '%macro' AND NOT internal ORDER BY 1
"""
_MACROS: Final = """
SELECT function_name || '(' || array_to_string(parameters, ', ') || ')' AS macro,
    CASE function_type WHEN 'table_macro' THEN 'table' ELSE 'value' END AS gives, comment
FROM duckdb_functions()
WHERE database_name = current_database() AND function_type LIKE '%macro' AND NOT internal ORDER BY gives, macro
"""
_MACRO_SCHEMA: Final = """
SELECT function_name || '(' || array_to_string(parameters, ', ') || ')' AS "table",
    NULL AS "column", NULL AS type, comment
FROM duckdb_functions() WHERE database_name = current_database() AND function_name = $name
UNION ALL
SELECT $name, c.name, c.type, NULL
FROM (SELECT unnest($columns::STRUCT(name VARCHAR, type VARCHAR)[]) AS c)
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
    if word == ".macros" and not arguments:
        return _MACROS, {}
    if word == ".schema" and len(arguments) <= 1:
        known = {str(table) for table, _ in connection.execute(COLUMNS).fetchall()}
        name = arguments[0].lower() if arguments else None
        macros = {row[0] for row in connection.execute(_MACRO_NAMES).fetchall()}
        if name is not None and name in macros:
            columns = macro_columns(connection, name)
            return _MACRO_SCHEMA, {
                "name": name,
                "columns": [{"name": column, "type": kind} for column, kind in columns],
            }
        if name is not None and name not in known:
            raise QueryError(f"there is no table or view {name}.{nearest(name, known | macros)} {HELP}")
        return _SCHEMA, {"name": name}
    raise QueryError(f"{command.strip()} is no command here: {HELP}, .macros what can be called")
