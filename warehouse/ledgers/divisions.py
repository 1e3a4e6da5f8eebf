"""The table of administrative divisions in the warehouse: names for division codes, by year."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import duckdb
import pyarrow as pa

from scrapers.records import Level
from warehouse.storage.transactions import transaction


class NamedDivision(Protocol):
    """One name of one code, as the registry's table has it."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def short_name(self) -> str: ...
    @property
    def level(self) -> Level: ...
    @property
    def parent_code(self) -> str | None: ...
    @property
    def valid_from(self) -> int | None: ...
    @property
    def valid_to(self) -> int | None: ...


def load_divisions(connection: duckdb.DuckDBPyConnection, divisions: Iterable[NamedDivision]) -> None:
    """Make ``core_divisions`` equal to ``divisions``, the whole table; unchanged, nothing is written.

    ``connection`` is one of ``database.writing``.
    """
    rows = list(divisions)
    connection.register(
        "divisions_given",
        pa.table(
            {
                "code": pa.array([row.code for row in rows], pa.string()),
                "name": pa.array([row.name for row in rows], pa.string()),
                "short_name": pa.array([row.short_name for row in rows], pa.string()),
                "level": pa.array([row.level.value for row in rows], pa.string()),
                "parent_code": pa.array([row.parent_code for row in rows], pa.string()),
                "valid_from": pa.array([row.valid_from for row in rows], pa.int16()),
                "valid_to": pa.array([row.valid_to for row in rows], pa.int16()),
            }
        ),
    )
    try:
        differing = connection.execute(_DIFFERING).fetchone()
        if differing == (0,):
            return
        with transaction(connection):
            connection.execute("DELETE FROM core_divisions")
            connection.execute("INSERT INTO core_divisions SELECT * FROM divisions_given ORDER BY code, valid_from")
    finally:
        connection.unregister("divisions_given")


_DIFFERING = """
SELECT count(*) FROM (
    (SELECT * FROM divisions_given EXCEPT SELECT * FROM core_divisions)
    UNION ALL (SELECT * FROM core_divisions EXCEPT SELECT * FROM divisions_given)
)
"""
