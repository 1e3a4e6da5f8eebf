"""A shared copy: whole answers within bounds, from the newest copy, and no way out of the query."""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.answers.bounded import AnswerFormat, BoundedReader, Bounds
from warehouse.answers.formats import answer_text
from warehouse.errors import LimitError, NoReaderError, QueryError
from warehouse.load import load_pending
from warehouse.query import run_sql
from warehouse.readers import publish

BOUNDS = Bounds(seconds=20, rows=10_000, answer_bytes=1_000_000, memory_bytes=100 * 1024**2, threads=1)
EVERYTHING = (
    "SELECT document_id, published, flags, dates, NULL AS nothing, last_read_at, true AS yes, sum(report_year) AS big "
    "FROM core_reports GROUP BY ALL ORDER BY 1"
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    write_all(folder / "landing", whole_batch(0, 3))
    load_pending(folder / "nianbao.duckdb", folder / "landing")
    return publish(folder / "nianbao.duckdb", folder / "reader.duckdb").path


@pytest.fixture
def reader(published: Path, tmp_path: Path) -> Path:
    """A copy of one's own, in a folder where nothing else may appear."""
    return Path(shutil.copyfile(published, tmp_path / "reader.duckdb"))


@pytest.fixture
def bounded(reader: Path) -> Iterator[BoundedReader]:
    opened = BoundedReader(reader, BOUNDS)
    yield opened
    opened.close()


def text(reader: BoundedReader, sql: str, form: AnswerFormat = "csv", most: int | None = None) -> str:
    file = io.BytesIO()
    answered = reader.answer(sql, form, file, most=most)
    assert answered.size == len(file.getvalue())
    return file.getvalue().decode()


def test_every_format_says_what_nianbao_sql_says(bounded: BoundedReader, reader: Path) -> None:
    own = run_sql(reader, EVERYTHING)
    objects = json.loads(answer_text(own, "json"))
    assert len(objects) == 3
    assert text(bounded, EVERYTHING, "csv") == answer_text(own, "csv")
    assert text(bounded, EVERYTHING, "jsonl") == answer_text(own, "jsonl")
    assert json.loads(text(bounded, EVERYTHING, "json")) == objects
    for form in ("parquet", "arrow"):
        file = io.BytesIO()
        assert bounded.answer(EVERYTHING, form, file).rows == 3
        file.seek(0)
        table = pq.read_table(file) if form == "parquet" else pa.ipc.open_stream(file).read_all()
        assert table["document_id"].to_pylist() == [item["document_id"] for item in objects]
        assert str(table.schema.field("published").type) == "date32[day]"


@pytest.mark.parametrize("form", get_args(AnswerFormat))
@pytest.mark.parametrize("asked", ["url", "count(*)", "count(*), max(url)"])
def test_an_answer_that_says_nothing_says_why(bounded: BoundedReader, form: AnswerFormat, asked: str) -> None:
    misspelt = bounded.answer(f"SELECT {asked} FROM reports WHERE level = 'conty'", form, io.BytesIO())
    assert ["Did you mean county?" in hint for hint in misspelt.hints] == [True]
    assert bounded.answer(f"SELECT {asked} FROM reports GROUP BY ALL", form, io.BytesIO()).hints == ()


def test_a_word_that_texts_are_never_cut_into_is_told_though_there_are_rows(bounded: BoundedReader) -> None:
    (hint,) = bounded.answer("FROM term_frequency('复议諸')", "csv", io.BytesIO()).hints
    assert "復" not in hint
    assert "Simplified" in hint


def test_an_answer_stands_where_the_copy_cannot_be_opened_once_more_to_say_why(
    bounded: BoundedReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded.prepare()

    def fails(*_: Any, **__: Any) -> Any:
        raise duckdb.IOException("too many open files")

    monkeypatch.setattr("warehouse.answers.bounded.open_restricted", fails)
    assert text(bounded, "SELECT url FROM reports WHERE level = 'conty'") == "url\n"


@pytest.mark.parametrize("form", get_args(AnswerFormat))
def test_an_answer_without_rows_is_well_formed(bounded: BoundedReader, form: AnswerFormat) -> None:
    file = io.BytesIO()
    assert bounded.answer("SELECT url FROM reports WHERE false", form, file).rows == 0
    content = file.getvalue()
    file.seek(0)
    if form == "parquet":
        assert pq.read_table(file).column_names == ["url"]
    elif form == "arrow":
        assert pa.ipc.open_stream(file).read_all().column_names == ["url"]
    else:
        assert content == {"csv": b"url\n", "json": b"[]\n", "jsonl": b""}[form]


def test_the_next_query_sees_the_copy_that_was_published_meanwhile(
    bounded: BoundedReader, reader: Path, load: Callable[..., Any], warehouse: Path
) -> None:
    load(whole_batch(0, 3))
    publish(warehouse, reader)
    assert text(bounded, "SELECT count(*) AS n FROM reports") == "n\n3\n"
    for sequence in range(1, 5):
        bounded.prepare()  # as an idle worker does: what it holds must not be what it answers from
        load(whole_batch(sequence, 3))
        began = time.time()
        publish(warehouse, reader)
        file = io.BytesIO()
        answered = bounded.answer("SELECT count(*) AS n FROM reports", "csv", file)
        assert file.getvalue().decode() == f"n\n{3 + 3 * sequence}\n"
        assert began - 2 < answered.published.timestamp() <= time.time()


def test_a_replaced_copy_is_let_go_of_while_nobody_asks(bounded: BoundedReader, reader: Path, tmp_path: Path) -> None:
    bounded.prepare()
    held = reader.stat().st_ino
    assert held in _open_inodes(tmp_path)
    other = reader.with_name("other")
    other.write_bytes(reader.read_bytes())
    other.replace(reader)
    bounded.prepare()
    assert _open_inodes(tmp_path) == {reader.stat().st_ino}


def _open_inodes(folder: Path) -> set[int]:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to see which files are open")
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            if folder in link.readlink().parents:
                found.add(link.stat().st_ino)
        except FileNotFoundError:
            continue
    return found


def test_a_limit_that_was_asked_for_cuts_and_says_so(bounded: BoundedReader) -> None:
    file = io.BytesIO()
    answered = bounded.answer("FROM range(5000)", "csv", file, most=4000)
    assert (answered.rows, answered.cut) == (4000, True)
    assert file.getvalue().count(b"\n") == 4001
    assert not bounded.answer("FROM range(4000)", "csv", io.BytesIO(), most=4000).cut
    assert bounded.answer("FROM range(5)", "csv", io.BytesIO(), most=0).rows == 0


@pytest.mark.parametrize(
    ("bounds", "sql", "complaint"),
    [
        ({"rows": 4999}, "FROM range(5000)", "more than 4,999 rows: ask for less"),
        ({}, "SELECT repeat('年', 1000) FROM range(5000)", "larger than 1 MiB"),
        ({}, "SELECT count(DISTINCT hash(i)) FROM range(100000000) r(i)", "fewer columns"),
        ({"seconds": 0.3}, "SELECT count(*) FROM range(1000000) a, range(1000000) b", r"stopped after 0\.3 s"),
        ({"seconds": 0.3, "rows": 10**9, "answer_bytes": 10**12}, "FROM range(1000000000)", r"stopped after 0\.3 s"),
    ],
)
def test_what_goes_beyond_a_bound_is_an_error_with_what_to_do(
    reader: Path, bounds: dict[str, Any], sql: str, complaint: str
) -> None:
    bounded = BoundedReader(reader, replace(BOUNDS, **bounds))
    began = time.monotonic()
    with pytest.raises(LimitError, match=complaint):
        text(bounded, sql)
    assert time.monotonic() - began < 15
    if "seconds" not in bounds:
        assert text(bounded, "SELECT 1 AS a") == "a\n1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE core_reports",
        "DROP VIEW reports",
        "DELETE FROM core_reports",
        "UPDATE core_reports SET title = ''",
        "INSERT INTO core_deadlines SELECT * FROM core_deadlines",
        "CREATE TABLE mine AS SELECT 1",
        "CREATE TEMP TABLE mine AS SELECT 1",
        "CREATE MACRO mine() AS 1",
        "SELECT 1; DROP TABLE core_reports",
        "SELECT 1; SELECT 2",
        "COPY reports TO '{folder}/out.csv'",
        "COPY core_reports FROM '/etc/passwd'",
        "EXPLAIN ANALYZE COPY reports TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/reader.duckdb' AS again",
        "ATTACH ':memory:' AS other",
        "DETACH nianbao",
        "USE memory",
        "SET threads = 64",
        "SET GLOBAL memory_limit = '100GB'",
        "RESET memory_limit",
        "SET VARIABLE a = 1",
        "PRAGMA memory_limit = '100GB'",
        "PRAGMA enable_profiling",
        "PRAGMA profiling_output = '{folder}/out.json'",
        "EXPLAIN ANALYZE SET threads = 64",
        "EXPLAIN ANALYZE CREATE TEMP TABLE reports AS SELECT 1 AS a",
        "INSTALL fts",
        "LOAD json",
        "LOAD '{folder}/evil.duckdb_extension'",
        "CALL enable_logging(storage = 'file', storage_path = '{folder}/out')",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "BEGIN",
        "CHECKPOINT",
        "FORCE CHECKPOINT",
        "VACUUM",
        "FROM read_text('/etc/hostname')",
        "FROM read_blob('/proc/self/environ')",
        "FROM read_csv('/etc/passwd')",
        "FROM sniff_csv('/etc/passwd')",
        "FROM '/etc/passwd'",
        "FROM '{published}'",
        "FROM query_table('/etc/passwd')",
        "FROM query('DROP TABLE core_reports')",
        "FROM glob('/etc/*')",
        "FROM read_duckdb('{published}')",
        "FROM read_parquet('http://127.0.0.1:1/x.parquet')",
        "FROM duckdb_secrets()",
        "CREATE SECRET (TYPE http, BEARER_TOKEN 'x')",
        "FROM bounded",
        "SELECT getenv('HOME')",
    ],
)
def test_a_query_can_read_the_copy_and_nothing_else(
    bounded: BoundedReader, published: Path, tmp_path: Path, sql: str
) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    with pytest.raises(QueryError) as refused:
        text(bounded, sql.format(folder=tmp_path, published=published))
    assert str(refused.value).strip()
    assert {path.name for path in tmp_path.iterdir()} == before
    assert text(bounded, "SELECT count(*) AS n FROM reports") == "n\n3\n"


@pytest.mark.parametrize(
    "sql",
    [
        "FROM enable_logging(storage_path = '/nowhere')",  # every later query of that instance fails
        "SELECT setseed(0.5)",
        "FROM truncate_duckdb_logs()",
        "FROM checkpoint()",
    ],
)
def test_what_a_query_leaves_behind_is_gone_with_it(bounded: BoundedReader, sql: str) -> None:
    text(bounded, sql)
    assert text(bounded, "SELECT count(*) AS n FROM reports") == "n\n3\n"
    assert json.loads(text(bounded, "FROM duckdb_logs()", "json")) == []


def test_a_wrong_name_is_answered_with_the_nearest(bounded: BoundedReader) -> None:
    with pytest.raises(QueryError, match=r"no table or view reprots\. Did you mean reports"):
        text(bounded, "SELECT * FROM reprots")
    with pytest.raises(QueryError, match=r"no column titel here\. Did you mean title"):
        text(bounded, "SELECT titel FROM reports")
    assert "reports,view" in text(bounded, ".tables")
    assert "reports,days_late" in text(bounded, ".schema reports")


def test_without_a_copy_the_error_says_so_until_there_is_one(reader: Path, tmp_path: Path) -> None:
    bounded = BoundedReader(tmp_path / "later.duckdb", BOUNDS)
    bounded.prepare()
    with pytest.raises(NoReaderError):
        text(bounded, "SELECT 1")
    reader.rename(tmp_path / "later.duckdb")
    assert text(bounded, "SELECT count(*) AS n FROM reports") == "n\n3\n"
