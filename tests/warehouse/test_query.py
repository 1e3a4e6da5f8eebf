"""Ad hoc SQL: read-only, one statement, and errors that name what was probably meant."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sample_batches import address, whole_batch, write_all

from warehouse.errors import QueryError
from warehouse.load import load_pending
from warehouse.query import answer_text, names, run_sql, write_parquet
from warehouse.readers import publish


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    write_all(folder / "landing", whole_batch(0, 3))
    load_pending(folder / "w.duckdb", folder / "landing")
    return publish(folder / "w.duckdb", folder / "reader.duckdb").path


def test_an_answer_has_names_types_and_rows(reader: Path) -> None:
    answer = run_sql(reader, "SELECT report_year, count(*) AS n, max(published) AS last FROM reports GROUP BY ALL;")
    assert answer.columns == ("report_year", "n", "last")
    assert answer.types == ("SMALLINT", "BIGINT", "DATE")
    assert [(year, n, str(last)) for year, n, last in answer.rows] == [(2025, 3, "2026-03-01")]


@pytest.mark.parametrize(
    "sql",
    [
        "FROM reports",
        "DESCRIBE reports",
        "SHOW TABLES",
        "EXPLAIN SELECT 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "SELECT ';' -- a comment; and another",
    ],
)
def test_every_way_of_reading_is_answered(reader: Path, sql: str) -> None:
    assert run_sql(reader, sql).rows


@pytest.mark.parametrize(
    ("sql", "complaint"),
    [
        ("SELECT * FROM reprots", "no table or view reprots. Did you mean reports"),
        ("SELECT * FROM coverge_on(today())", "no table or view coverge_on. Did you mean coverage_on"),
        ("SELECT titel FROM reports", "no column titel here. Did you mean title"),
        ("SELECT r.publishr FROM reports r", "no column publishr here. Did you mean publisher"),
        (
            "SELECT warc_file FROM reports",
            "raw_captures have a column of that name|raw_captures has a column of that name",
        ),
        ("SELEC 1", "syntax error"),
        ("SELECT 1; SELECT 2", "2 statements at once"),
        ("", "no statement in it"),
        ("   ;", "no statement in it"),
        ("DROP TABLE core_reports", "DROP is refused"),
        ("DELETE FROM core_reports", "DELETE is refused"),
        ("INSERT INTO core_deadlines SELECT * FROM core_deadlines", "INSERT is refused"),
        ("COPY reports TO 'x.csv'", "COPY is refused"),
        ("ATTACH 'x.duckdb'", "ATTACH is refused"),
        ("SET threads = 1", "SET is refused"),
        (".tabels", "no command here: .tables"),
        (".schema report", "no table or view report. Did you mean reports"),
    ],
)
def test_a_wrong_question_is_answered_with_what_to_ask(reader: Path, sql: str, complaint: str) -> None:
    with pytest.raises(QueryError, match=complaint):
        run_sql(reader, sql)


def test_a_limit_says_that_there_is_more(reader: Path) -> None:
    assert run_sql(reader, "SELECT url FROM reports ORDER BY url", limit=2).cut
    whole = run_sql(reader, "SELECT url FROM reports ORDER BY url", limit=3)
    assert not whole.cut
    assert len(whole.rows) == 3


def test_a_query_that_takes_too_long_is_stopped(reader: Path) -> None:
    with pytest.raises(QueryError, match=r"stopped after 0\.2 s"):
        run_sql(reader, "SELECT count(*) FROM range(10000000000) a, range(1000) b", seconds=0.2)


def test_tables_and_schema_explain_themselves(reader: Path) -> None:
    tables = {name: (kind, comment) for name, kind, comment in run_sql(reader, ".tables").rows}
    assert tables["reports"][0] == "view"
    assert "trusted report" in tables["reports"][1]
    assert tables["core_versions"][0] == "table"
    columns = {row[1]: row[3] for row in run_sql(reader, ".schema reports").rows}
    assert columns["days_late"].startswith("Days between")
    assert names(reader)["core_addresses"] == ("document_id", "url", "first_seen_at", "last_seen_at")


def test_csv_json_and_jsonl_say_the_same(reader: Path) -> None:
    answer = run_sql(
        reader,
        "SELECT document_id, published, flags, dates, NULL AS nothing, last_read_at, true AS yes "
        "FROM core_reports ORDER BY 1",
    )
    objects: list[dict[str, Any]] = json.loads(answer_text(answer, "json"))
    assert objects[0] == {
        "document_id": "doc-0",
        "published": "2026-03-01",
        "flags": ["digits_lost"],
        "dates": {"listed": "2026-03-01", "path": "2026-03-01"},
        "nothing": None,
        "last_read_at": "2026-03-02T01:00:00",
        "yes": True,
    }
    assert [json.loads(line) for line in answer_text(answer, "jsonl").splitlines()] == objects
    cells = list(csv.DictReader(io.StringIO(answer_text(answer, "csv"))))
    assert cells[0]["nothing"] == ""
    assert json.loads(cells[0]["flags"]) == ["digits_lost"]
    assert len(cells) == len(objects) == 3


def test_parquet_keeps_the_types(reader: Path, tmp_path: Path) -> None:
    assert write_parquet(reader, "SELECT url, published, flags FROM reports ORDER BY url", tmp_path / "r.parquet") == 3
    table = pq.read_table(tmp_path / "r.parquet")
    assert [str(field.type) for field in table.schema] == ["string", "date32[day]", "list<element: string>"]
    assert table["url"].to_pylist() == [address(n) for n in range(3)]
    with pytest.raises(QueryError, match="DROP is refused"):
        write_parquet(reader, "DROP TABLE core_reports", tmp_path / "none.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["r.parquet"]
