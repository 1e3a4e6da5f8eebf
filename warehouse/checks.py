"""Checks: queries whose every row is an offence, in ``checks/*.sql``.

A file begins with ``-- severity: error`` or ``-- severity: warn`` and ``-- title: what the rows are``. An error
keeps the reader copy as it was; a warning is reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb

from warehouse.errors import WarehouseError

_HERE: Final = Path(__file__).parent
_HEADER: Final = re.compile(r"-- severity: (error|warn)\n-- title: (.+)\n")


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    severity: str
    """``error`` or ``warn``."""
    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: Check
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@cache
def checks() -> tuple[Check, ...]:
    """Every check, by name. Raises ``WarehouseError`` naming a file without its header."""
    found = []
    for path in sorted((_HERE / "checks").glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        header = _HEADER.match(sql)
        if header is None:
            raise WarehouseError(f"{path}: must begin with '-- severity: error|warn' and '-- title: ...'")
        found.append(Check(path.stem, header[1], header[2], sql))
    return tuple(found)


def run_checks(connection: duckdb.DuckDBPyConnection) -> tuple[CheckResult, ...]:
    """Run every check; results are in the order of ``checks()``, offending rows or none."""
    results = []
    for check in checks():
        cursor = connection.execute(check.sql)
        columns = tuple(column[0] for column in cursor.description or ())
        results.append(CheckResult(check, columns, tuple(cursor.fetchall())))
    return tuple(results)
