"""Bring a warehouse file to this version's schema: numbered migrations forward, then views, macros and comments.

``schema/NNNN_name.sql`` run once each, in order, each in a transaction with its row in ``schema_migrations``.
``views/NN_name.sql`` are replaced whenever any of them (or ``catalog.toml``) differs from what the file was given last.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb

from warehouse.comments import CATALOG_FILE, apply_comments
from warehouse.errors import NewerWarehouseError, WarehouseError
from warehouse.storage.literals import identifier
from warehouse.storage.transactions import transaction

_HERE: Final = Path(__file__).parent
_NUMBERED: Final = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """The migrations this version brings, in order. Raises ``WarehouseError`` where a number is missing or double."""
    found = []
    for entry in sorted((_HERE / "schema").iterdir(), key=lambda entry: entry.name):
        match = _NUMBERED.fullmatch(entry.name)
        if match:
            found.append(Migration(int(match[1]), match[2], entry.read_text(encoding="utf-8")))
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise WarehouseError("warehouse/schema: migrations must be numbered 0001, 0002 ... without a gap")
    return tuple(found)


def schema_version(connection: duckdb.DuckDBPyConnection) -> int:
    """Number of the last migration the open file has seen; 0 for an empty file.

    Raises ``WarehouseError`` for a DuckDB file that holds other tables but was never a warehouse.
    """
    tables = {name for (name,) in connection.execute(_TABLES).fetchall()}
    if "schema_migrations" not in tables:
        if tables:
            raise WarehouseError(
                f"the DuckDB file holds other tables ({', '.join(sorted(tables)[:5])}) and no warehouse: "
                "name another file"
            )
        return 0
    row = connection.execute("SELECT max(version) FROM schema_migrations").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def migrate(connection: duckdb.DuckDBPyConnection) -> int:
    """Migrate the open warehouse and return its schema version.

    Raises ``NewerWarehouseError`` when the file has seen migrations that this version does not know; nothing is changed
    then.
    """
    known = migrations()
    version = schema_version(connection)
    if version > len(known):
        raise NewerWarehouseError(
            f"the warehouse has schema {version}, this nianbao knows {len(known)}: upgrade nianbao, or name another "
            "warehouse file. Nothing was changed."
        )
    if version < len(known):
        if version == 0:
            connection.execute(_BOOKKEEPING)
        _drop_views(connection)
        for migration in known[version:]:
            _apply(connection, migration)
    _replace_views(connection)
    return len(known)


_TABLES: Final = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
_BOOKKEEPING: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY, name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL
);
CREATE TABLE IF NOT EXISTS schema_views (digest VARCHAR NOT NULL);
"""


def _apply(connection: duckdb.DuckDBPyConnection, migration: Migration) -> None:
    try:
        with transaction(connection):
            connection.execute(migration.sql)
            connection.execute(
                "INSERT INTO schema_migrations VALUES (?, ?, now() AT TIME ZONE 'UTC')",
                [migration.version, migration.name],
            )
    except duckdb.Error as error:
        raise WarehouseError(
            f"migration {migration.version:04} ({migration.name}) failed and was undone: {error}"
        ) from error


def view_scripts() -> tuple[tuple[str, str], ...]:
    """Name and SQL of each file in ``views/``, in the order in which they build on each other."""
    scripts = sorted((_HERE / "views").iterdir(), key=lambda entry: entry.name)
    return tuple((entry.name, entry.read_text(encoding="utf-8")) for entry in scripts if entry.name.endswith(".sql"))


def _replace_views(connection: duckdb.DuckDBPyConnection) -> None:
    scripts = view_scripts()
    words = CATALOG_FILE.read_text(encoding="utf-8")
    digest = hashlib.sha256("\n".join([*(sql for _, sql in scripts), words]).encode()).hexdigest()
    if connection.execute("SELECT digest FROM schema_views").fetchall() == [(digest,)]:
        return
    with transaction(connection):
        _drop_views(connection)
        for name, sql in scripts:
            try:
                connection.execute(sql)
            except duckdb.Error as error:
                raise WarehouseError(f"warehouse/views/{name}: {error}") from error
        apply_comments(connection)
        connection.execute("DELETE FROM schema_views")
        connection.execute("INSERT INTO schema_views VALUES (?)", [digest])


def _drop_views(connection: duckdb.DuckDBPyConnection) -> None:
    views = "SELECT view_name FROM duckdb_views() WHERE database_name = current_database() AND NOT internal"
    for (name,) in connection.execute(views).fetchall():
        connection.execute(f"DROP VIEW {identifier(name)}")
    macros = (
        "SELECT DISTINCT function_name, function_type FROM duckdb_functions() "
        "WHERE database_name = current_database() AND function_type IN ('macro', 'table_macro') AND NOT internal"
    )
    for name, kind in connection.execute(macros).fetchall():
        connection.execute(f"DROP MACRO {'TABLE ' if kind == 'table_macro' else ''}{identifier(name)}")
    connection.execute("DELETE FROM schema_views")
