"""``nianbao sql``, ``changes``, ``runs``, ``checks`` and ``export``, as a person types them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from deployments.portal.demo import SOURCES
from tests.flows import command_line
from tests.flows.asked_data import ASKED, CAME_IN
from tests.flows.command_line import Done
from warehouse.errors import ChecksFailedError
from warehouse.readers import publish


def nianbao(*arguments: str, data: Path) -> Done:
    return command_line.nianbao(*arguments, folder=data, data_dir=str(data), sources_dir=str(SOURCES))


def piped(data: Path, statements: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", "sql", *arguments],
        env=os.environ | {"NIANBAO_DATA_DIR": str(data)},
        input=statements,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_ending_of_the_file_names_the_format(asked: Path, tmp_path: Path) -> None:
    query = "SELECT publisher, report_year, published FROM reports ORDER BY ALL"
    for ending in ("csv", "json", "jsonl", "parquet", "xlsx"):
        done = nianbao("sql", query, "--to", str(tmp_path / f"a.{ending}"), data=asked)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert f"18 rows in {tmp_path / f'a.{ending}'}" in done.stderr
    text = (tmp_path / "a.csv").read_text("utf-8")
    published = [row["published"] for row in csv.DictReader(io.StringIO(text))]
    assert [row["published"] for row in json.loads((tmp_path / "a.json").read_text("utf-8"))] == published
    assert [str(day) for day in pq.read_table(tmp_path / "a.parquet")["published"].to_pylist()] == published
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["answer"]
    assert [str(row[2].date()) for row in sheet.iter_rows(2, values_only=True)] == published


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "a.txt"), "a file that ends in"),
        (("--to", "a.csv", "--format", "table"), "a table is for the screen"),
        (("--to", "no/such/folder/a.csv"), "is no folder"),
        (("--to", "."), "is a folder"),
        (("--format", "parquet"), "parquet needs a file"),
        (("--format", "xlsx"), "xlsx needs a file"),
        (("--format", "xml"), "is no format"),
        (("--limit", "0"), "greater than or equal to 1"),
    ],
)
def test_bad_usage_is_told_and_exits_with_2(asked: Path, arguments: tuple[str, ...], said: str) -> None:
    done = nianbao("sql", "SELECT 1 AS n", *arguments, data=asked)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_limits_are_said_where_they_cut(asked: Path, tmp_path: Path) -> None:
    done = nianbao("sql", "FROM range(10)", "--limit", "3", "-f", "csv", data=asked)
    assert (done.returncode, done.stdout) == (0, "range\n0\n1\n2\n")
    assert "cut off by the limit: --limit N allows more" in done.stderr
    done = nianbao("sql", "FROM range(10)", "--limit", "3", "--to", str(tmp_path / "a.csv"), data=asked)
    assert "3 rows in" in done.stderr
    assert "cut off by the limit" in done.stderr
    done = nianbao("sql", "FROM range(10)", "--limit", "10", "-f", "csv", data=asked)
    assert "cut off" not in done.stderr
    done = nianbao("sql", "SELECT count(*) FROM range(1000000000) a, range(1000) b", "--seconds", "0.3", data=asked)
    assert (done.returncode, done.stdout) == (1, "")
    assert "stopped after 0.3 s" in done.stderr


def test_a_value_that_no_row_has_is_told_beside_the_empty_answer(asked: Path) -> None:
    done = nianbao(
        "sql", "SELECT title FROM coverage JOIN reports USING (document_id) WHERE state = 'heldd'", data=asked
    )
    assert done.returncode == 0
    assert "No row of coverage has state = 'heldd'. Did you mean held?" in done.stderr


def test_a_file_of_ones_own_can_be_joined(asked: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("report_year,weight\n2023,7\n", "utf-8")
    mine = str(tmp_path / "mine.csv")
    query = f"SELECT any_value(weight) AS w FROM reports JOIN '{mine}' USING (report_year)"
    assert nianbao("sql", query, "--with", mine, "-f", "csv", data=asked).stdout == "w\n7\n"
    closed = nianbao("sql", query, data=asked)
    assert closed.returncode == 1
    assert "nianbao sql --with mine.csv" in closed.stderr


def test_a_script_of_several_statements_is_answered_and_one_statement_goes_into_a_file(
    asked: Path, tmp_path: Path
) -> None:
    done = piped(asked, "-- two; of them\nSELECT 1 AS n; SELECT ';' AS s;", "-f", "csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n1\ns\n;\n", "")
    done = piped(asked, "SELECT 1 AS n;", "--to", str(tmp_path / "a.csv"))
    assert (done.returncode, (tmp_path / "a.csv").read_text("utf-8")) == (0, "n\n1\n")
    done = piped(asked, "SELECT 1 AS n; SELECT 2;", "--to", str(tmp_path / "b.csv"))
    assert done.returncode == 2
    assert "2 statements for one file" in done.stderr
    assert not (tmp_path / "b.csv").exists()


def test_changes_show_the_sentences_that_went_and_came(asked: Path) -> None:
    done = nianbao("changes", data=asked)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("清禾县人民政府 2023 rule_of_law: ")
    assert "version 1 to 2" in lines[1]
    assert [line[:4].strip() for line in lines[2:4]] == ["-", "+"]
    assert lines[3] == f"  + {CAME_IN}"
    assert "1 change." in done.stderr
    ((row,)) = json.loads(nianbao("changes", "-f", "json", data=asked).stdout)
    assert row["came_in"] == [CAME_IN]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (("--year", "2023"), 1),
        (("--year", "2022"), 0),
        (("--source", ASKED), 1),
        (("--source", "qinglan/chengyu"), 0),
        (("--since", "2020-01-01"), 1),
        (("--since", "2999-01-01"), 0),
    ],
)
def test_changes_are_narrowed(asked: Path, filters: tuple[str, ...], count: int) -> None:
    done = nianbao("changes", *filters, "-f", "jsonl", data=asked)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, count)
    assert ("No published text is known to have changed" in done.stderr) is (count == 0)


def test_a_misspelt_source_has_no_changes_and_says_so(asked: Path) -> None:
    done = nianbao("changes", "--source", "qinglan/qinge", data=asked)
    assert done.returncode == 2
    assert "did you mean qinglan/qinghe" in done.stderr


def test_runs_tell_what_each_brought_the_newest_first(asked: Path) -> None:
    second, first = json.loads(nianbao("runs", "-f", "json", data=asked).stdout)
    assert [first[name] for name in ("kind", "state", "new", "changed", "failed")] == ["crawl", "completed", 18, 0, 0]
    assert [second[name] for name in ("new", "changed")] == [0, 1]
    assert second["unchanged"] > 0
    assert first["started_at"] < second["started_at"]
    shown = nianbao("runs", "--limit", "1", data=asked)
    assert second["run_id"] in shown.stdout
    assert first["run_id"] not in shown.stdout
    assert "cut off by the limit" in shown.stderr
    assert "No run of the kind backfill" in nianbao("runs", "--kind", "backfill", data=asked).stderr


def test_an_export_is_listed_and_narrowed(asked: Path, tmp_path: Path) -> None:
    done = nianbao("export", str(tmp_path / "p"), "--year", "2023", data=asked)
    assert done.returncode == 0, done.stderr
    assert re.search(r"│ reports +│ 2 ", done.stdout)
    assert "README.md says what is what" in done.stderr
    assert "Not narrowed, for want of such columns: " in done.stderr
    assert pq.read_table(tmp_path / "p" / "reports")["report_year"].to_pylist() == [2023, 2023]
    again = nianbao("export", str(tmp_path / "p"), "--table", "sources", data=asked)
    assert (again.returncode, sorted(path.name for path in (tmp_path / "p").iterdir())) == (
        0,
        ["README.md", "datapackage.json", "sources"],
    )
    assert nianbao("export", str(tmp_path), data=asked).returncode == 1
    assert nianbao("export", str(tmp_path / "q"), "--all", "-t", "reports", data=asked).returncode == 2
    none = nianbao("export", str(tmp_path / "q"), "-t", "reports", "--year", "1950", data=asked)
    assert (none.returncode, "No row passes the filters" in none.stderr) == (0, True)
    assert "no division code" in nianbao("export", str(tmp_path / "r"), "--division", "64a", data=asked).stderr


def test_checks_are_listed_with_what_they_found_and_fail_where_an_error_is_found(asked: Path, tmp_path: Path) -> None:
    sound = nianbao("checks", data=asked)
    assert sound.returncode == 0, sound.stderr
    assert "│ text_cut_short " in sound.stdout
    assert "no row that must not be there" in sound.stderr
    (tmp_path / "damaged").mkdir()
    reader = shutil.copyfile(asked / "nianbao.duckdb", tmp_path / "damaged" / "nianbao.duckdb")
    with duckdb.connect(str(reader)) as connection:
        connection.execute('UPDATE core_texts SET "text" = left("text", 9) WHERE "version" = 2')
    damaged = nianbao("checks", data=tmp_path / "damaged")
    assert damaged.returncode == 1
    assert "text_cut_short: document_id " in damaged.stderr
    rows = json.loads(nianbao("checks", "--only", "text_cut_short", "-f", "json", data=tmp_path / "damaged").stdout)
    assert [(row["check"], row["row"]["length_held"]) for row in rows] == [("text_cut_short", 9)]
    assert nianbao("checks", "--only", "text_cut", data=asked).returncode == 2
    with duckdb.connect(str(reader)) as connection:
        connection.execute("DROP TABLE core_quantities")
    older = nianbao("checks", data=tmp_path / "damaged")
    assert older.returncode == 1
    assert "published by an older nianbao" in older.stderr


def test_what_keeps_the_next_copy_back_is_shown_though_the_copy_is_sound(asked: Path, tmp_path: Path) -> None:
    data = shutil.copytree(asked, tmp_path / "data")
    with duckdb.connect(str(data / "warehouse" / "nianbao.duckdb")) as connection:
        connection.execute('UPDATE core_texts SET "text" = left("text", 9) WHERE "version" = 2')
    with pytest.raises(ChecksFailedError, match="nianbao checks --unpublished shows them"):
        publish(data / "warehouse" / "nianbao.duckdb", tmp_path / "fresh.duckdb")
    assert nianbao("checks", data=data).returncode == 0
    kept_back = nianbao("checks", "--unpublished", data=data)
    assert kept_back.returncode == 1
    assert "text_cut_short: document_id " in kept_back.stderr
    nothing = nianbao("checks", "--unpublished", data=tmp_path / "nothing")
    assert (nothing.returncode, "nothing was crawled here. Run: nianbao crawl" in nothing.stderr) == (1, True)
