"""A query reads the warehouse and nothing else: attacks on the file system, on settings and on this process."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.errors import NoReaderError, QueryError
from warehouse.load import load_pending
from warehouse.query import run_on, run_sql
from warehouse.readers import publish
from warehouse.restricted import open_restricted

# What DuckDB's own locks must stop even where no filter of ours stands before it.
ATTACKS = (
    "FROM '/etc/passwd'",
    "FROM read_csv('/etc/passwd')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/etc/hostname')",
    "FROM read_json('/etc/passwd')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM glob('/etc/*')",
    "FROM '{beside}'",
    "FROM read_csv('{folder}/*.csv')",
    "FROM read_duckdb('{other}')",
    "FROM parquet_metadata('/tmp/x.parquet')",
    "FROM 'http://127.0.0.1:1/x.csv'",
    "SELECT * FROM read_text('file:///etc/passwd')",
    "SELECT (SELECT content FROM read_text('/etc/passwd'))",
    "WITH a AS (FROM read_text('/etc/passwd')) FROM a",
    "FROM query('FROM read_text(''/etc/passwd'')')",
    "FROM query_table('/etc/passwd')",
    "COPY reports TO '{folder}/out.csv'",
    "COPY (SELECT 1) TO '{folder}/out.parquet'",
    "COPY (SELECT 1) TO '{beside}'",
    "EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
    "/* x */ EXPLAIN ANALYZE COPY (SELECT 1) TO '{folder}/out.csv'",
    "EXPORT DATABASE '{folder}/out'",
    "IMPORT DATABASE '{folder}'",
    "PRAGMA import_database('{folder}')",
    "ATTACH '{folder}/out.duckdb'",
    "ATTACH '{other}' AS other (READ_ONLY)",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/x.duckdb_extension'",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "SET lock_configuration = false",
    "SET allowed_directories = ['/']",
    "SET allowed_paths = ['/etc/passwd']",
    "SET temp_directory = '{folder}/out'",
    "SET threads = 64",
    "SET memory_limit = '1TB'",
    "SET GLOBAL python_enable_replacements = true",
    "PRAGMA enable_profiling = 'json'",
    "PRAGMA profiling_output = '{folder}/out.json'",
    "SET log_query_path = '{folder}/out.log'",
    "CREATE TABLE mine AS SELECT 1",
    "INSERT INTO core_deadlines SELECT * FROM core_deadlines",
    "DELETE FROM core_reports",
    "DROP VIEW reports",
    "ALTER TABLE core_reports ADD COLUMN x INTEGER",
    "COMMENT ON TABLE core_reports IS 'x'",
    "CREATE PERSISTENT SECRET s (TYPE s3)",
    "FROM duckdb_secrets()",
    "SELECT getenv('HOME')",
    "FROM not_for_queries",
)
not_for_queries = [("a variable of the process",)]
# What the locks let pass because it touches nothing that lasts, and a statement that only reads cannot do.
REFUSED = (
    "ATTACH ':memory:' AS mine",
    "CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE TABLE memory.main.mine AS SELECT 1",
    "CALL enable_logging()",
    "SET VARIABLE a = 1",
    "USE memory",
    "BEGIN",
    "CHECKPOINT",
    "PREPARE a AS SELECT 1",
    "EXPLAIN ANALYZE CREATE TEMP TABLE mine AS SELECT 1",
    "EXPLAIN (ANALYZE, FORMAT json) CREATE TEMP TABLE mine AS SELECT 1",
    "/* x */ EXPLAIN ANALYZE CREATE TEMP TABLE mine AS SELECT 1",
    "CREATE TEMP TABLE mine AS SELECT 1; SELECT 1",
    "SELECT 1; DROP TABLE core_reports",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    folder = tmp_path_factory.mktemp("attacked")
    write_all(folder / "landing", whole_batch(0, 2))
    load_pending(folder / "w.duckdb", folder / "landing")
    publish(folder / "w.duckdb", folder / "reader.duckdb")
    (folder / "mine.csv").write_text("level,weight\ncounty,2\n", "utf-8")
    (folder / "beside.csv").write_text("level,weight\ncounty,3\n", "utf-8")
    with duckdb.connect(str(folder / "other.duckdb")) as other:
        other.execute("CREATE TABLE secret AS SELECT 1 AS a")
    return folder


def meant(sql: str, folder: Path) -> str:
    return sql.format(folder=folder, beside=folder / "beside.csv", other=folder / "other.duckdb")


def files_in(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_the_warehouse_is_closed_by_duckdb_itself(folder: Path, attack: str) -> None:
    before = files_in(folder)
    connection = open_restricted(folder / "reader.duckdb", files=[str(folder / "mine.csv")])
    try:
        with pytest.raises(duckdb.Error):
            connection.execute(meant(attack, folder)).fetchall()
    finally:
        connection.close()
    assert files_in(folder) == before


@pytest.mark.parametrize("attack", ATTACKS + REFUSED)
def test_a_query_that_does_more_than_read_is_refused_in_words(folder: Path, attack: str) -> None:
    before = files_in(folder)
    with pytest.raises(QueryError):
        run_sql(folder / "reader.duckdb", meant(attack, folder), files=[str(folder / "mine.csv")])
    assert files_in(folder) == before


def test_a_file_that_was_named_can_be_joined_and_not_written(folder: Path) -> None:
    mine = str(folder / "mine.csv")
    joined = f"SELECT publisher, weight FROM reports JOIN '{mine}' USING (level) LIMIT 1"
    assert run_sql(folder / "reader.duckdb", joined, files=[mine]).rows == (("浦江县人民政府", 2),)
    with pytest.raises(QueryError, match=r"name it: nianbao sql --with"):
        run_sql(folder / "reader.duckdb", joined)
    with pytest.raises(QueryError, match="is refused"):
        run_sql(folder / "reader.duckdb", f"EXPLAIN ANALYZE COPY (SELECT 1) TO '{mine}'", files=[mine])
    with pytest.raises(QueryError, match="no such file"):
        run_sql(folder / "reader.duckdb", "SELECT 1", files=[str(folder / "none.csv")])


def test_queries_have_no_more_memory_than_they_are_given_and_leave_nothing_behind(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    connection = open_restricted(folder / "reader.duckdb", memory="100MB", threads=1)
    try:
        sorted_rows = run_on(
            connection, "SELECT range::VARCHAR || repeat('x', 40) AS s FROM range(3000000) ORDER BY s DESC", limit=1
        )
        assert sorted_rows.rows[0][0].startswith("9x")
        assert [path.name[:13] for path in tmp_path.iterdir()] == ["nianbao-spill"], "nothing was spilled"
        with pytest.raises(QueryError, match="Ask for less"):
            run_on(
                connection, "SELECT list(s ORDER BY s) FROM (SELECT repeat('x', 1000) || range s FROM range(1000000))"
            )
    finally:
        connection.close()
    assert list(tmp_path.iterdir()) == []


def test_without_a_reader_copy_there_is_nothing_to_open(tmp_path: Path) -> None:
    with pytest.raises(NoReaderError, match="nianbao crawl"):
        open_restricted(tmp_path / "none.duckdb")
