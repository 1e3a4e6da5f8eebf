"""``catalog.toml``: what every table, view, macro and column means, and how it gets into the file as ``COMMENT ON``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import duckdb

from warehouse.storage.literals import identifier, quoted

CATALOG_FILE: Final = Path(__file__).parent / "catalog.toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """A table, view or macro in words."""

    kind: str
    """``tables``, ``views``, ``macros`` (in the place of a table) or ``functions`` (in the place of a value)."""
    name: str
    words: str
    columns: Mapping[str, str]
    """Columns with words of their own."""


@dataclass(frozen=True, slots=True)
class Catalog:
    entries: tuple[Entry, ...]
    """In the order of the file."""
    common: Mapping[str, str]
    """Words for columns that mean the same wherever they stand."""

    def column(self, table: str, column: str) -> str | None:
        """What a column means; ``None`` where nobody has said."""
        for entry in self.entries:
            if entry.name == table and column in entry.columns:
                return entry.columns[column]
        return self.common.get(column)


@cache
def catalog() -> Catalog:
    """The catalog as written."""
    with CATALOG_FILE.open("rb") as file:
        written = tomllib.load(file)
    return Catalog(
        entries=tuple(
            Entry(kind, name, entry["is"], entry.get("columns", {}))
            for kind in ("tables", "views", "macros", "functions")
            for name, entry in written[kind].items()
        ),
        common=written["columns"],
    )


def present_columns(connection: duckdb.DuckDBPyConnection) -> tuple[tuple[str, str, str], ...]:
    """Table or view, column and type of every column of the open warehouse, in order."""
    rows = connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = current_database() AND NOT internal ORDER BY table_name, column_index"
    ).fetchall()
    return tuple((str(table), str(column), str(kind)) for table, column, kind in rows)


def apply_comments(connection: duckdb.DuckDBPyConnection) -> None:
    """Comment on everything the catalog has words for, in the caller's transaction."""
    words = catalog()
    kinds = {"tables": "TABLE", "views": "VIEW", "macros": "MACRO TABLE", "functions": "MACRO"}
    for entry in words.entries:
        connection.execute(f"COMMENT ON {kinds[entry.kind]} {identifier(entry.name)} IS {quoted(entry.words)}")
    for table, column, _ in present_columns(connection):
        meaning = words.column(table, column)
        if meaning is not None:
            connection.execute(f"COMMENT ON COLUMN {identifier(table)}.{identifier(column)} IS {quoted(meaning)}")
