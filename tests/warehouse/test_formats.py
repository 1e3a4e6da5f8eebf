"""Answers as files: the same values in every format, within what the format can hold, and never half a file."""

from __future__ import annotations

import json
import resource
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.warehouse.sample_batches import address, whole_batch, write_all
from warehouse.answers import formats
from warehouse.answers.formats import FileFormat, Written, format_of, write_file
from warehouse.errors import QueryError
from warehouse.load import load_pending
from warehouse.query import streamed_sql
from warehouse.readers import publish


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    write_all(folder / "landing", whole_batch(0, 3))
    load_pending(folder / "w.duckdb", folder / "landing")
    return publish(folder / "w.duckdb", folder / "reader.duckdb").path


def written(reader: Path, sql: str, target: Path, format: FileFormat | None = None) -> Written:
    with streamed_sql(reader, sql) as stream:
        return write_file(stream, format or format_of(target) or "csv", target)


def sheet(path: Path, name: str = "answer") -> list[tuple[Any, ...]]:
    return [tuple(row) for row in openpyxl.load_workbook(path)[name].iter_rows(values_only=True)]


def test_a_files_ending_names_its_format() -> None:
    assert format_of(Path("a.CSV")) == "csv"
    assert format_of(Path("a.ndjson")) == "jsonl"
    assert format_of(Path("a.parquet")) == "parquet"
    assert format_of(Path("a.xlsx")) == "xlsx"
    assert format_of(Path("a.txt")) is None


def test_parquet_keeps_the_types(reader: Path, tmp_path: Path) -> None:
    asked = "SELECT url, published, flags, INTERVAL '1 day 2 seconds' AS took FROM reports ORDER BY url"
    assert written(reader, asked, tmp_path / "r.parquet") == Written(3)
    table = pq.read_table(tmp_path / "r.parquet")
    assert [str(field.type) for field in table.schema] == ["string", "date32[day]", "list<element: string>", "double"]
    assert table["url"].to_pylist() == [address(n) for n in range(3)]
    assert table["took"].to_pylist() == [86_402.0] * 3
    assert pq.ParquetFile(tmp_path / "r.parquet").metadata.row_group(0).column(0).compression == "ZSTD"


def test_a_type_that_parquet_has_not_is_named(reader: Path, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"u UNION\(.*cast it to text"):
        written(reader, "SELECT union_value(a := 1) AS u", tmp_path / "r.parquet")


@pytest.mark.parametrize("ending", ["csv", "json", "jsonl", "parquet", "xlsx"])
def test_a_query_that_fails_leaves_the_file_of_before(reader: Path, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"kept.{ending}"
    target.write_text("as it was", "utf-8")
    for wrong in (
        "SELECT CASE WHEN range = 60000 THEN error('late') ELSE range END AS n FROM range(100000)",
        "DROP TABLE core_reports",
    ):
        with pytest.raises(QueryError):
            written(reader, wrong, target)
    assert target.read_text("utf-8") == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_an_empty_answer_is_a_whole_file(reader: Path, tmp_path: Path) -> None:
    for ending in ("csv", "json", "jsonl", "parquet", "xlsx"):
        assert written(reader, "SELECT url FROM reports WHERE false", tmp_path / f"a.{ending}").rows == 0
    assert (tmp_path / "a.csv").read_text("utf-8") == "url\n"
    assert json.loads((tmp_path / "a.json").read_text("utf-8")) == []
    assert (tmp_path / "a.jsonl").read_text("utf-8") == ""
    assert pq.read_table(tmp_path / "a.parquet").schema.names == ["url"]
    assert sheet(tmp_path / "a.xlsx") == [("url",)]


def test_two_columns_of_one_name_both_stay(reader: Path, tmp_path: Path) -> None:
    for ending in ("jsonl", "parquet"):
        written(reader, "SELECT 1 AS a, 2 AS a", tmp_path / f"a.{ending}")
    assert json.loads((tmp_path / "a.jsonl").read_text("utf-8")) == {"a": 1, "a_1": 2}
    assert pq.read_table(tmp_path / "a.parquet").to_pydict() == {"a": [1], "a_1": [2]}


def test_excel_gets_dates_as_dates_and_text_as_text(reader: Path, tmp_path: Path) -> None:
    asked = """SELECT DATE '2026-03-01' AS d,
        TIMESTAMP '2026-03-02 01:02:03' AS t, TIMESTAMPTZ '2026-03-02 08:00:00+08' AS z,
        TIME '09:30:00' AS c, INTERVAL '90 minutes' AS i, DATE '1898-01-01' AS old, NULL AS nothing, 1.5 AS n,
        12345678901234567890 AS long, 'NaN'::DOUBLE AS nan, true AS yes, ['a', 'b'] AS list,
        '=HYPERLINK("http://x.test")' AS formula, '+1' AS plus, '@x' AS "at", 'http://www.pujiang.test/' AS link,
        'mailto:a@b.test' AS mail, '0012' AS digits, '' AS blank"""
    written(reader, asked, tmp_path / "a.xlsx")
    header, row = sheet(tmp_path / "a.xlsx")
    got = dict(zip(header, row, strict=True))
    assert got["d"] == datetime(2026, 3, 1)
    assert got["t"] == datetime(2026, 3, 2, 1, 2, 3)
    assert got["z"] == datetime(2026, 3, 2)
    assert got["c"] == time(9, 30)
    assert got["i"] in (timedelta(minutes=90), time(1, 30))
    assert got["old"] == "1898-01-01", "Excel has no day before 1900"
    assert got["nothing"] is None
    assert (got["n"], got["yes"]) == (1.5, True)
    assert got["long"] == "12345678901234567890", "Excel would keep fifteen digits"
    assert got["nan"] == "nan"
    assert json.loads(got["list"]) == ["a", "b"]
    for name, text in (
        ("formula", '=HYPERLINK("http://x.test")'),
        ("plus", "+1"),
        ("at", "@x"),
        ("link", "http://www.pujiang.test/"),
        ("mail", "mailto:a@b.test"),
        ("digits", "0012"),
    ):
        assert got[name] == text
    cells = {cell.value: cell for cell in next(openpyxl.load_workbook(tmp_path / "a.xlsx")["answer"].iter_rows(2))}
    assert {cells[text].data_type for text in ('=HYPERLINK("http://x.test")', "+1", "@x")} <= {"s", "inlineStr"}
    assert cells["http://www.pujiang.test/"].hyperlink is None


def test_a_cell_too_long_for_excel_is_cut_and_counted(reader: Path, tmp_path: Path) -> None:
    asked = "SELECT repeat('年', 32767) AS fits, repeat('年', 32768) AS longer, repeat('𠀀', 20000) AS pairs"
    assert written(reader, asked, tmp_path / "a.xlsx") == Written(1, 1, cut_cells=2)
    fits, longer, pairs = sheet(tmp_path / "a.xlsx")[1]
    assert fits == "年" * 32767
    assert longer == "年" * 32766 + "…"
    assert pairs == "𠀀" * 16383 + "…"


def test_more_rows_than_a_sheet_has_go_on_in_the_next(
    reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "SHEET_ROWS", 4)
    assert written(reader, "SELECT range AS n FROM range(7)", tmp_path / "a.xlsx") == Written(7, sheets=3)
    assert [sheet(tmp_path / "a.xlsx", name) for name in ("answer", "answer 2", "answer 3")] == [
        [("n",), (0,), (1,), (2,)],
        [("n",), (3,), (4,), (5,)],
        [("n",), (6,)],
    ]


def test_a_large_answer_is_written_in_the_memory_of_a_piece(reader: Path, tmp_path: Path) -> None:
    asked = "SELECT range AS n, hash(range)::VARCHAR || repeat('x', 1200) AS s FROM range(150000)"  # 180 MB of text
    written(reader, asked + " LIMIT 20000", tmp_path / "warm.csv")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for ending in ("csv", "jsonl", "parquet"):
        assert written(reader, asked, tmp_path / f"a.{ending}").rows == 150_000
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < 120, f"grew by {grown:.0f} MiB"


def test_a_date_is_written_alike_in_text_formats(reader: Path, tmp_path: Path) -> None:
    written(reader, "SELECT DATE '2026-03-01' AS d, TIME '01:02:03' AS t", tmp_path / "a.jsonl")
    assert json.loads((tmp_path / "a.jsonl").read_text("utf-8")) == {
        "d": date(2026, 3, 1).isoformat(),
        "t": "01:02:03",
    }
