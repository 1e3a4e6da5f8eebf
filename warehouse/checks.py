"""Checks: queries whose every row is an offence, in ``checks/*.sql``.

A file begins with ``-- severity: error`` or ``-- severity: warn`` and ``-- title: what the rows are``. An error
keeps the reader copy as it was; a warning is reported. With ``-- scope: loaded`` after them a check asks the temporary
table ``documents_to_check`` which documents to look at: those that a load has touched since the last publication, so
that its price is that of the load and not of the warehouse; ``getvariable('checked_since')`` is when that was.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, cast

import duckdb

from warehouse.database import writing
from warehouse.errors import NoReaderError, WarehouseError

_HERE: Final = Path(__file__).parent
_HEADER: Final = re.compile(r"-- severity: (error|warn)\n-- title: (.+)\n(?:-- scope: (loaded)\n)?")
_TO_CHECK: Final = """
CREATE OR REPLACE TEMP TABLE documents_to_check AS
SELECT document_id FROM core_version_facts WHERE $since::TIMESTAMP IS NULL OR loaded_at >= $since::TIMESTAMP
UNION
SELECT r.document_id FROM core_reports r LEFT JOIN raw_batches b ON b.batch = r.batch
WHERE $since::TIMESTAMP IS NULL OR b.loaded_at IS NULL OR b.loaded_at >= $since::TIMESTAMP
"""
_SINCE: Final = "SET VARIABLE checked_since = coalesce($since::TIMESTAMP, TIMESTAMP '-infinity')"


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    severity: Literal["error", "warn"]
    title: str
    scope: Literal["whole", "loaded"]
    """Whether it looks at the whole warehouse, or at the documents that were loaded."""
    sql: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: Check
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    seconds: float = 0.0


@cache
def checks() -> tuple[Check, ...]:
    """Every check, by name. Raises ``WarehouseError`` naming a file without its header."""
    found = []
    for path in sorted((_HERE / "checks").glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        header = _HEADER.match(sql)
        if header is None:
            raise WarehouseError(f"{path}: must begin with '-- severity: error|warn' and '-- title: ...'")
        severity = cast(Literal["error", "warn"], header[1])
        found.append(Check(path.stem, severity, header[2], "loaded" if header[3] else "whole", sql))
    return tuple(found)


def run_checks(connection: duckdb.DuckDBPyConnection, *, since: datetime | None = None) -> tuple[CheckResult, ...]:
    """Run every check; results are in the order of ``checks()``, offending rows or none.

    ``since`` (UTC, without a zone, as instants are kept) is the last load that was checked before: checks of scope
    ``loaded`` look at it and what came after. Without, at everything.
    """
    results = []
    connection.execute(_TO_CHECK, {"since": since})
    connection.execute(_SINCE, {"since": since})
    try:
        for check in checks():
            began = time.perf_counter()
            cursor = connection.execute(check.sql)
            columns = tuple(str(column[0]) for column in cursor.description or ())
            rows = tuple(cursor.fetchall())
            results.append(CheckResult(check, columns, rows, time.perf_counter() - began))
    finally:
        connection.execute("DROP TABLE temp.documents_to_check")
        connection.execute("RESET VARIABLE checked_since")
    return tuple(results)


def check_warehouse(warehouse: Path) -> tuple[CheckResult, ...]:
    """Every check on the warehouse as it is now, published or not.

    Raises ``NoReaderError`` where there is none, and what ``database.writing`` raises.
    """
    if not warehouse.exists():
        raise NoReaderError(f"{warehouse} does not exist yet, so there is nothing to check. Run: nianbao crawl")
    with writing(warehouse, "checks") as connection:
        return run_checks(connection)


def outdated(reader: Path, error: duckdb.CatalogException) -> WarehouseError:
    """The error for a copy that lacks a table or column that a check asks for: it was written before there was one."""
    return WarehouseError(
        f"{reader} was published by an older nianbao, whose tables these checks do not know; the next nianbao crawl "
        f"publishes it anew. ({str(error).splitlines()[0]})"
    )


def last_load(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """When the newest batch of this file was loaded; of a reader copy, what had been checked when it was published."""
    row = connection.execute("SELECT max(loaded_at) FROM raw_batches").fetchone()
    return None if row is None else cast("datetime | None", row[0])
