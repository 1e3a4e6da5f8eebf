"""Ad hoc SQL: read-only, one statement, and errors that name what was probably meant."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import Words
from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.answers.formats import answer_text
from warehouse.errors import QueryError
from warehouse.load import load_pending
from warehouse.query import names, run_sql, streamed_sql, vocabulary
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
        "PIVOT reports ON report_type USING count(*) GROUP BY report_year",
        "FROM (PIVOT reports ON level USING count(*))",
        "EXPLAIN ANALYZE SELECT count(*) FROM reports",
        "EXPLAIN (ANALYZE, FORMAT json) SELECT 1",
        "PRAGMA show_tables",
        "FROM search('行政复议')",
    ],
)
def test_every_way_of_reading_is_answered(reader: Path, sql: str) -> None:
    assert run_sql(reader, sql).columns


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
        ("SELECT title，publisher FROM reports", "full-width signs outside of quotes: ，"),
        ("SELECT * FROM reports WHERE （level = 'county'）", "full-width signs"),
        ("SELECT value FROM figure_panel('x')", "no column value here. Did you mean .* figure_panel gives publisher, "),
        ("SELECT lenght(title) FROM reports", "no function lenght. Did you mean length"),
        ("SELECT host_off(url) FROM reports", "no function host_off. Did you mean host_of"),
        ('SELECT * FROM coverage WHERE level = "countyy"', "write it in single quotes: 'countyy'"),
        ("SELECT * FROM reports WHERE published = '2025'", "for a year, year"),
        ("SELECT * FROM reports WHERE published > 2025", "for a year, year"),
        ("SELECT * FROM reports WHERE report_year = '二〇二五'", "write numbers in digits"),
        ("SELECT * FROM reports WHERE report_year LIKE '20%'", "column::VARCHAR makes it text"),
        ("SELECT publisher, count(*) FROM reports", "GROUP BY ALL"),
        ("SELECT publisher FROM reports JOIN coverage USING (document_id)", 'use: "reports.publisher"'),
        ("SELECT error('x') FROM reports", "Invalid Input Error: x"),
        ("FROM figure_panel('复议', units := '%')", r"called as figure_panel\(about, unit := NULL"),
        ("SELECT text FROM reports", "attachments, blocks, report_texts, sections have a column of that name"),
        ("SELECT count(*) share FROM reports", "share is a word of SQL: as a name it needs AS"),
        ("FROM 'mine.xlsx'", "reads CSV, JSON and Parquet files"),
        (".tabels", "no command here: .tables"),
        (".schema figur_panel", "no table or view figur_panel. Did you mean figure_panel"),
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
    assert tables["core_version_facts"][0] == "table"
    columns = {row[1]: row[3] for row in run_sql(reader, ".schema reports").rows}
    assert columns["days_late"].startswith("Days between")
    (call, _, _, said), *given = run_sql(reader, ".schema figure_panel").rows
    assert call == "figure_panel(about, unit, kind, type)"
    assert said.startswith("What each trusted report says")
    assert ("figure_panel", "number", "DOUBLE", None) in given
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


def test_a_value_that_no_row_has_is_named_with_what_there_is(reader: Path) -> None:
    def hints(sql: str) -> tuple[str, ...]:
        return run_sql(reader, sql, hints=True).hints

    assert hints("FROM reports WHERE level = 'conty'") == (
        "No row of reports has level = 'conty'. Did you mean county? It holds: county.",
    )
    assert hints(
        "SELECT count(*) FROM reports r WHERE r.publisher IN ('浦江县', '浦江县人民政府') AND report_year = 1"
    ) == ("No row of reports has publisher = '浦江县'. Did you mean 浦江县人民政府? It holds: 浦江县人民政府.",)
    assert hints("FROM reports WHERE level = 'county' AND report_year = 1999") == ()
    assert hints("FROM reports WHERE level = 'county'") == ()
    assert hints("WITH x AS (SELECT 'a' AS level) FROM x WHERE level = 'b'") == ()
    assert hints("FROM coverage_on(today()) WHERE state = 'overdu'") == ()
    assert hints(".schema") == ()


def test_a_word_that_texts_are_never_cut_into_is_told_beside_its_zeros(migrated: Path, tmp_path: Path) -> None:
    batch = whole_batch(0, 1)
    cut = tuple(replace(each, words=Words("1+abc", ("出庭应诉", "ai"), (2, 1))) for each in batch.reports)
    write_all(tmp_path / "landing", replace(batch, reports=cut))
    load_pending(tmp_path / "w.duckdb", tmp_path / "landing")
    held = publish(tmp_path / "w.duckdb", tmp_path / "reader.duckdb").path

    def hints(sql: str) -> tuple[str, ...]:
        return run_sql(held, sql, hints=True).hints

    (hint,) = hints("FROM term_frequency('出庭应诉率')")
    assert "phrase_frequency('出庭应诉率') counts it in the text" in hint
    assert hints("FROM term_frequency('出庭应诉', per := ['level'])") == ()
    (hint,) = hints("FROM term_frequency('出庭應訴')")
    assert "Words are in Simplified characters" in hint
    (hint,) = hints("SELECT count(number) FROM figure_panel('出庭應訴率', unit := '%')")
    assert "What figures count is in Simplified characters" in hint
    (hint,) = hints("FROM phrase_frequency('應訴')")
    assert "應訴 is Traditional" in hint
    assert hints("FROM phrase_frequency('应诉')") == ()
    assert hints("FROM term_frequency('AI')") == ("Words are in lower case: term_frequency('ai').",)
    assert hints("FROM figure_panel('出庭应诉率')") == ()
    assert hints("FROM figure_panel('堃塬')") == ()


def test_a_file_that_was_named_by_another_path_is_told_as_it_was_named(reader: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("division_code\n330726\n", "utf-8")
    with pytest.raises(QueryError, match=r"--with says '.*/mine\.csv': write the same path in both"):
        run_sql(reader, "FROM 'mine.csv'", files=[str(mine)])


def test_a_file_of_another_encoding_is_told_how_to_become_one_that_is_read(reader: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_bytes("code,名称\n330726,浦江县\n".encode("gb18030"))
    with pytest.raises(QueryError, match=r"^\S+mine\.csv is not in UTF-8: save it as CSV UTF-8"):
        run_sql(reader, f"FROM '{mine}'", files=[str(mine)])


def test_a_stream_gives_the_rows_of_the_answer_by_rows_and_by_batches(reader: Path) -> None:
    asked = "SELECT range AS n, range::VARCHAR AS s FROM range(12345)"
    whole = run_sql(reader, asked).rows
    with streamed_sql(reader, asked) as stream:
        assert tuple(stream.rows()) == whole
        assert not stream.cut
    with streamed_sql(reader, asked) as stream:
        schema, batches = stream.batches(1000)
        assert schema.names == ["n", "s"]
        assert [row for batch in batches for row in zip(*batch.to_pydict().values(), strict=True)] == list(whole)


@pytest.mark.parametrize(("limit", "cut"), [(1, True), (5000, True), (5001, True), (12344, True), (12345, False)])
def test_a_limit_cuts_a_stream_at_the_row_whichever_way_it_is_read(reader: Path, limit: int, cut: bool) -> None:
    with streamed_sql(reader, "FROM range(12345)", limit=limit) as stream:
        assert len(list(stream.rows())) == limit
        assert stream.cut is cut
    with streamed_sql(reader, "FROM range(12345)", limit=limit) as stream:
        assert sum(batch.num_rows for batch in stream.batches(1000)[1]) == limit
        assert stream.cut is cut


@pytest.mark.parametrize(
    ("sql", "seconds", "complaint"),
    [
        ("SELECT CASE WHEN range = 900000 THEN error('bad') END FROM range(1000000)", 60.0, "Invalid Input Error: bad"),
        ("FROM range(1000000000000)", 1.0, r"stopped after 1(\.0)? s"),
    ],
)
def test_what_goes_wrong_after_the_first_rows_is_said_as_well(
    reader: Path, sql: str, seconds: float, complaint: str
) -> None:
    with streamed_sql(reader, sql, seconds=seconds) as stream, pytest.raises(QueryError, match=complaint):
        for _ in stream.rows():
            pass
    with streamed_sql(reader, sql, seconds=seconds) as stream, pytest.raises(QueryError, match=complaint):
        for _ in stream.batches(1000)[1]:
            pass


def test_macros_and_keywords_are_known_for_completion(reader: Path) -> None:
    macros, keywords = vocabulary(reader)
    assert {"search", "coverage_on", "host_of"} <= set(macros)
    assert {"select", "qualify"} <= set(keywords)
    assert "search(query" in "".join(row[0] for row in run_sql(reader, ".macros").rows)
    assert run_sql(reader, ".schema REPORTS").rows == run_sql(reader, ".schema reports").rows
