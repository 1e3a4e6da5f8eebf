"""The dictionary says what is there: every table and column in words, nothing that is gone."""

from __future__ import annotations

from pathlib import Path

from warehouse.catalog import DICTIONARY, dictionary
from warehouse.comments import catalog, present_columns
from warehouse.database import attach


def test_everything_in_the_warehouse_is_in_the_catalog_and_nothing_else(migrated: Path) -> None:
    connection = attach(migrated, read_only=True)
    columns = present_columns(connection)
    macros = {
        name
        for (name,) in connection.execute(
            "SELECT function_name FROM duckdb_functions() WHERE database_name = current_database() "
            "AND function_type IN ('macro', 'table_macro') AND NOT internal"
        ).fetchall()
    }
    connection.close()
    words = catalog()
    described = {entry.name for entry in words.entries if entry.kind in ("tables", "views")}
    assert {table for table, _, _ in columns} == described
    assert {entry.name for entry in words.entries if entry.kind in ("macros", "functions")} == macros
    assert [f"{table}.{column}" for table, column, _ in columns if words.column(table, column) is None] == []
    there = {(table, column) for table, column, _ in columns}
    assert [f"{e.name}.{c}" for e in words.entries for c in e.columns if (e.name, c) not in there] == []
    assert set(words.common) <= {column for _, column, _ in columns}, "words for columns that no table has"
    own = {(entry.name, column) for entry in words.entries for column in entry.columns}
    shared_uses = {column for table, column, _ in columns if (table, column) not in own}
    assert set(words.common) == shared_uses, "words that every table overrides"


def test_the_file_carries_the_catalog_as_comments(migrated: Path) -> None:
    connection = attach(migrated, read_only=True)
    uncommented = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() "
        "AND NOT internal AND comment IS NULL"
    ).fetchall()
    views = dict(connection.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall())
    connection.close()
    assert uncommented == []
    assert views["reports"] == next(entry.words for entry in catalog().entries if entry.name == "reports")


def test_the_dictionary_in_the_docs_is_up_to_date() -> None:
    assert DICTIONARY.read_text(encoding="utf-8") == dictionary(), "run: python -m warehouse.catalog --write"
