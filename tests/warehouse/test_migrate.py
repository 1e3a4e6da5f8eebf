"""Migrations go forward only, one transaction each, and never touch what a newer version wrote."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scrapers.records import Batch, Words
from tests.warehouse.sample_batches import TEXT, read_later, report, whole_batch, write_all
from warehouse import migrate as migrate_module
from warehouse.database import attach, writing
from warehouse.errors import NewerWarehouseError, WarehouseError
from warehouse.load import load_pending
from warehouse.migrate import Migration, migrate, migrations, schema_version

WORDS = Words("dictionary-1", ("行政", "复议", "法治"), (3, 2, 5))


def test_an_empty_file_becomes_a_warehouse_and_stays_one(tmp_path: Path) -> None:
    connection = attach(tmp_path / "w.duckdb", read_only=False)
    assert schema_version(connection) == 0
    assert migrate(connection) == len(migrations())
    applied = connection.execute("SELECT * FROM schema_migrations ORDER BY version").fetchall()
    assert [row[0] for row in applied] == list(range(1, len(migrations()) + 1))
    migrate(connection)
    assert connection.execute("SELECT * FROM schema_migrations ORDER BY version").fetchall() == applied
    connection.close()


@pytest.fixture(scope="module")
def present(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    """A warehouse of this version with reports, one of them in two versions, words and all parts."""
    folder = tmp_path_factory.mktemp("present")
    path = Path(shutil.copyfile(migrated, folder / "w.duckdb"))
    write_all(folder / "landing", *held_batches())
    load_pending(path, folder / "landing")
    return path


def held_batches() -> tuple[Batch, ...]:
    """More blocks than a DuckDB vector has rows, for what a migration does to nested columns."""
    batch = whole_batch(0, 60)
    reports = tuple(
        replace(report(number, text=_long_text(number), read_from=fetched), words=WORDS)
        for number, fetched in enumerate(batch.captures)
    )
    return replace(batch, reports=reports), read_later(0, 5, 0, text=(*TEXT[:3], "改了。"), words=WORDS)


def _long_text(number: int) -> tuple[str, ...]:
    return (*TEXT, *(f"第{number}县第{place}件工作已经完成。" for place in range(60)))


def made_at(version: int, path: Path, present: Path) -> None:
    """A warehouse as version ``version`` left it: its schema, with the present rows as far as it had their columns."""
    known = migrations()
    connection = attach(path, read_only=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate_module, "migrations", lambda: known[:version])
        patch.setattr(migrate_module, "view_scripts", lambda: ())
        patch.setattr(migrate_module, "apply_comments", lambda connection: None)
        assert migrate(connection) == version
    connection.execute(f"ATTACH '{present}' AS present (READ_ONLY)")
    columns = "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ?"
    for (table,) in connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'nianbao' AND table_name NOT LIKE 'schema_%' "
        "AND estimated_size = 0"  # what a migration filled is there
    ).fetchall():
        theirs = {name for (name,) in connection.execute(columns, ["present", table]).fetchall()}
        shared = [name for (name,) in connection.execute(columns, ["nianbao", table]).fetchall() if name in theirs]
        if shared:
            listed = ", ".join(f'"{name}"' for name in shared)
            connection.execute(f"INSERT INTO {table} BY NAME SELECT {listed} FROM present.{table}")
    connection.execute("DETACH present")
    connection.close()


FACTS = {
    "raw_captures": "SELECT capture_id, url, outcome, digest FROM raw_captures ORDER BY ALL",
    "reports": "SELECT document_id, publisher, report_year, title, version FROM reports ORDER BY ALL",
    "versions": "SELECT document_id, version, cause, text FROM core_versions ORDER BY document_id, version",
    "sections": "SELECT document_id, version, position, role, heading FROM core_sections ORDER BY ALL",
    "changes": "SELECT document_id, cut, came_in FROM changes ORDER BY ALL",
    "coverage": "SELECT count(*) FROM coverage",
}
WORDS_SINCE = 6
"""Migration that made a place for words."""


def answers(path: Path, questions: Mapping[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    connection = attach(path, read_only=True)
    try:
        return {name: connection.execute(sql).fetchall() for name, sql in questions.items()}
    finally:
        connection.close()


@pytest.mark.parametrize("earlier", range(2, len(migrations())))
def test_every_earlier_version_becomes_the_present_one_with_its_rows(
    tmp_path: Path, present: Path, earlier: int
) -> None:
    path = tmp_path / "w.duckdb"
    made_at(earlier, path, present)
    with writing(path, "migrate") as connection:
        assert schema_version(connection) == len(migrations())
    assert answers(path, FACTS) == answers(present, FACTS)
    if earlier >= WORDS_SINCE:
        words = {
            "terms": "SELECT document_id, token, count FROM terms ORDER BY ALL",
            "search": "SELECT document_id, score FROM search('x', words := ['行政', '复议'], most := 100) ORDER BY ALL",
        }
        found = answers(path, words)
        assert found == answers(present, words)
        assert all(found.values())
    # It goes on as the present one does.
    write_all(tmp_path / "landing", whole_batch(40, 2, run_id="after"))
    assert load_pending(path, tmp_path / "landing").new_reports == 2


def test_the_first_version_had_no_reports_and_its_runs_are_kept(tmp_path: Path, present: Path) -> None:
    path = tmp_path / "w.duckdb"
    made_at(1, path, present)
    write_all(tmp_path / "landing", whole_batch(0, 2, run_id="after"))
    assert load_pending(path, tmp_path / "landing").new_reports == 2
    assert answers(path, {"batches": FACTS["raw_captures"]})["batches"] != []


def _number(name: str) -> int:
    return next(migration.version for migration in migrations() if migration.name == name)


def test_words_kept_as_rows_become_the_index_and_are_found(tmp_path: Path, migrated: Path) -> None:
    path = tmp_path / "w.duckdb"
    made_at(_number("postings") - 1, path, migrated)
    connection = attach(path, read_only=False)
    connection.execute(_REPORTS_BEFORE_POSTINGS)
    kept = connection.execute("FROM core_terms ORDER BY ALL").fetchall()
    assert len(kept) == 3 * 2500 + 1
    connection.close()
    with writing(path, "test") as connection:
        assert connection.execute("FROM core_terms ORDER BY ALL").fetchall() == kept
        ask = "SELECT document_id, score FROM search($1, snippets := false, most := 3000)"
        assert len(connection.execute(ask, ["行政复议"]).fetchall()) == 2500
        assert [row[0] for row in connection.execute(ask, ["独此一词"]).fetchall()] == ["old-7"]
        assert connection.execute(ask, ["旧版之词"]).fetchall() == []
        assert connection.execute("SELECT count(*) FROM terms WHERE token = '词3'").fetchall() == [(250,)]
        assert connection.execute("SELECT max(len(words_ids)) <= 1024 FROM core_postings").fetchall() == [(True,)]
    write_all(tmp_path / "landing", whole_batch(0, 2))
    load_pending(path, tmp_path / "landing")
    with writing(path, "test") as connection:
        assert connection.execute("SELECT count(DISTINCT report_number) FROM core_reports").fetchall() == [(2502,)]


def test_a_warehouse_of_a_newer_version_is_refused_and_left_alone(warehouse: Path, tmp_path: Path) -> None:
    connection = attach(warehouse, read_only=False)
    connection.execute("INSERT INTO schema_migrations VALUES (99, 'from the future', now()::TIMESTAMP)")
    connection.close()
    before = warehouse.read_bytes()
    write_all(tmp_path / "landing", whole_batch(0, 1))
    with pytest.raises(NewerWarehouseError, match=r"schema 99, this nianbao knows \d+: upgrade"):
        load_pending(warehouse, tmp_path / "landing")
    assert warehouse.read_bytes() == before
    assert len(list((tmp_path / "landing").glob("*.parquet"))) == 1


def test_a_file_of_a_newer_duckdb_says_so(warehouse: Path) -> None:
    content = bytearray(warehouse.read_bytes())
    # The main header (4,096 bytes): a checksum over the rest, "DUCK", the storage version; all 64-bit little-endian
    # words.
    assert content[8:12] == b"DUCK"
    content[12:20] = (999).to_bytes(8, "little")
    checksum = 5381
    for at in range(8, 4096, 8):
        checksum ^= int.from_bytes(content[at : at + 8], "little") * 0xBF58476D1CE4E5B9 % 2**64
    content[:8] = checksum.to_bytes(8, "little")
    warehouse.write_bytes(content)
    with pytest.raises(NewerWarehouseError, match="newer DuckDB"):
        attach(warehouse, read_only=True)


def test_a_failing_migration_is_undone_whole(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    present = migrations()
    broken = Migration(len(present) + 1, "broken", "CREATE TABLE halfway (a INTEGER); SELECT * FROM nowhere;")
    monkeypatch.setattr(migrate_module, "migrations", lambda: (*present, broken))
    with (
        pytest.raises(WarehouseError, match=r"migration \d{4} \(broken\) failed and was undone"),
        writing(warehouse, "t"),
    ):
        pytest.fail("the warehouse must not open")
    monkeypatch.undo()
    with writing(warehouse, "t") as connection:
        assert schema_version(connection) == len(present)
        tables = connection.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'halfway'").fetchall()
        assert tables == [(0,)]
        assert connection.execute("SELECT count(*) FROM reports").fetchall() == [(0,)]


def test_a_view_that_is_no_longer_written_disappears(warehouse: Path) -> None:
    with writing(warehouse, "t") as connection:
        connection.execute("CREATE VIEW of_an_older_version AS SELECT 1 AS a")
        connection.execute("UPDATE schema_views SET digest = 'older'")
    with writing(warehouse, "t") as connection:
        views = {
            name for (name,) in connection.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
        }
    assert "of_an_older_version" not in views
    assert {"reports", "coverage", "changes", "problems"} <= views


def test_a_duckdb_file_that_is_no_warehouse_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE my_work (a INTEGER)")
    with pytest.raises(WarehouseError, match=r"my_work.*name another file"), writing(path, "t"):
        pytest.fail("the file must not open as a warehouse")
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SHOW TABLES").fetchall() == [("my_work",)]


def test_a_file_that_is_not_duckdb_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("notes " * 2000, encoding="utf-8")
    with pytest.raises(WarehouseError, match="not a DuckDB file"):
        attach(path, read_only=True)
    assert path.read_text(encoding="utf-8").startswith("notes")


def test_no_migration_makes_a_secondary_index() -> None:
    # DuckDB 1.5 loses rows from indexes made by CREATE INDEX after a crash (duckdb#23788).
    for migration in migrations():
        assert not re.search(r"^\s*CREATE\s+(UNIQUE\s+)?INDEX", migration.sql, re.IGNORECASE | re.MULTILINE)


# 2,500 reports of three words, and of one of them an older version.
_REPORTS_BEFORE_POSTINGS = """
INSERT INTO core_reports (document_id, url, state, publisher, report_type, report_year, title, flags, "version",
    text_length, tables, attachments, section_roles, first_seen_at, last_read_at, batch)
SELECT 'old-' || d, 'http://www.example.test/' || d, 'accepted', 'p', 'rule_of_law', 2024, 't', [],
    CASE WHEN d = 7 THEN 2 ELSE 1 END, 4, 0, 0, [], TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-01', 'b'
FROM range(2500) t(d);
INSERT INTO core_versions (document_id, "version", cause, captured_at, "text", text_length, blocks, content_hash,
    loaded_at, batch)
SELECT document_id, v, 'first', TIMESTAMP '2026-03-01', '行政复议', 4, [], 0, TIMESTAMP '2026-03-01', 'b'
FROM core_reports, range(1, "version" + 1) t(v);
INSERT INTO core_terms
SELECT document_id, "version", unnest(['行政复议', '词' || substring(document_id, 5)::INTEGER % 10,
    CASE WHEN document_id = 'old-7' THEN '独此一词' ELSE '案件' END]), 2 FROM core_reports
UNION ALL VALUES ('old-7', 1, '旧版之词', 5);
INSERT INTO core_words SELECT document_id, "version", '1+abc', sum("count") FROM core_terms GROUP BY ALL;
"""
