"""The macro ``search``: which reports it finds, in what order, and what it shows of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scrapers.records import Batch, Outcome, State, Words
from tests.warehouse.sample_batches import MORNING, SOURCE, capture, report, whole_batch
from warehouse.database import writing
from warehouse.errors import NoReaderError
from warehouse.readers import publish
from warehouse.search import (
    Filters,
    dictionaries,
    missing_words,
    nearest_words,
    replace_words,
    search_reports,
    texts_to_cut,
)

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def words(*tokens: str, dictionary: str = "1+abc") -> Words:
    counts = Counter(tokens)
    return Words(dictionary, tuple(counts), tuple(counts.values()))


def batch(*texts: tuple[str, ...], run_id: str = "run-1", first: int = 0, **changes: Any) -> Batch:
    """A report for each text, whose pieces are its lines and its words alike."""
    captures = [capture(first + number, payload=str(text)) for number, text in enumerate(texts)]
    reports = tuple(
        report(
            first + number,
            text=(*text, "——", "——"),
            read_from=fetched,
            words=words(*text),
            figures=(),
            sections=(),
            **changes,
        )
        for number, (text, fetched) in enumerate(zip(texts, captures, strict=True))
    )
    return Batch(run_id=run_id, source_id=SOURCE, sequence=0, captures=tuple(captures), reports=reports)


THREE = (("行政复议", "案件办理"), ("行政复议", "行政复议", "出庭应诉"), ("案件办理", "信息公开"))


def test_rarer_and_more_frequent_words_count_for_more(load: Load, ask: Ask) -> None:
    load(batch(*THREE))
    assert ask("SELECT document_id FROM search('行政复议 应诉')") == [("doc-1",), ("doc-0",)]
    # BM25 by hand: one of 3 reports has the word, once among its 2; reports have 7 / 3 words on average.
    weight = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))
    score = weight * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / (7 / 3)))
    assert ask("SELECT document_id, score FROM search('信息公开')") == [("doc-2", round(score, 4))]


def test_a_word_that_stands_for_the_querys_own_weighs_no_more_than_the_two_together(load: Load, ask: Ask) -> None:
    load(batch(("负责人", "公开"), *[("主要负责人", "公开")] * 5, *[("主要负责人", "出庭应诉")] * 2))
    asked = "search('负责人出庭应诉', words := ['负责人', '出庭应诉', '主要负责人'])"
    assert ask(f"SELECT document_id FROM {asked}")[:2] == [("doc-6",), ("doc-7",)]
    alone = "search('负责人', words := ['负责人', '主要负责人'])"
    assert len(ask(f"SELECT score FROM {alone}")) == 8


def test_a_query_without_spaces_is_cut_at_the_longest_words(load: Load, ask: Ask) -> None:
    load(batch(*THREE))
    assert ask("SELECT document_id FROM search('关于行政复议案件办理的事')") == ask(
        "SELECT document_id FROM search('x', words := ['行政复议', '案件办理'])"
    )


def test_a_new_version_is_found_by_its_own_words_only(load: Load, ask: Ask) -> None:
    load(batch(*THREE))
    load(batch(("信息公开", "年度计划"), run_id="run-2"))
    assert ask("SELECT document_id FROM search('行政复议')") == [("doc-1",)]
    assert ask("SELECT document_id FROM search('年度计划')") == [("doc-0",)]


def test_what_is_quarantined_or_withdrawn_is_never_found(load: Load, ask: Ask) -> None:
    load(batch(*THREE))
    load(batch(("行政复议", "可疑网站"), run_id="run-2", first=7, state=State.QUARANTINED, reason="host"))
    assert ask("FROM search('可疑网站')") == []
    for check in (1, 2, 3):
        gone = capture(1, at=MORNING + timedelta(days=check), outcome=Outcome.GONE, digest=None, status=404)
        load(Batch(f"check-{check}", SOURCE, 0, captures=(gone,)))
    assert ask("SELECT document_id FROM search('行政复议')") == [("doc-0",)]
    assert ask("FROM search('\"出庭应诉\"')") == []


def test_a_phrase_is_found_however_the_text_was_cut(load: Load, ask: Ask) -> None:
    load(batch(("全县办理行政复议案件", "出庭应诉"), ("办理案件行政复议",)))
    assert ask("SELECT document_id FROM search('“政复议案”')") == [("doc-0",)]
    assert ask('FROM search(\'"行政复议" "没有这句"\')') == []


def test_a_phrase_is_found_in_either_spelling(load: Load, ask: Ask) -> None:
    load(batch(("行政复议", "出庭应诉"), ("行政複議", "出庭應訴"), ("行政复议", "案件办理")))
    found = "SELECT document_id, snippet FROM search('\"出庭應訴\"', plain := '\"出庭应诉\"') ORDER BY ALL"
    assert ask(found) == [("doc-0", "【出庭应诉】"), ("doc-1", "【出庭應訴】")]
    assert ask("SELECT document_id FROM search('\"出庭應訴\"')") == [("doc-1",)]


def test_each_filter_narrows(load: Load, ask: Ask) -> None:
    load(batch(*THREE))
    for held, other in (
        ('"year" := 2025', '"year" := 2024'),
        ("division := '33'", "division := '32'"),
        ("\"type\" := 'rule_of_law'", "\"type\" := 'disclosure'"),
        ("\"level\" := 'county'", "\"level\" := 'city'"),
        ("publisher := '浦江'", "publisher := '清禾'"),
    ):
        assert len(ask(f"FROM search('行政复议', {held})")) == 2, held
        assert ask(f"FROM search('行政复议', {other})") == [], other
    assert len(ask("FROM search('行政复议', most := 1)")) == 1


def test_a_snippet_shows_the_line_with_most_words_and_marks_them(load: Load, ask: Ask) -> None:
    long = "甲" * 200 + "行政复议与出庭应诉并重" + "乙" * 200
    load(batch(("行政复议", long)))
    ((shown,),) = ask("SELECT snippet(\"text\", ['行政复议', '出庭应诉', '应诉']) FROM report_texts")
    assert "【行政复议】与【出庭应诉】并重" in shown
    assert shown.startswith("…甲")
    assert shown.endswith("乙…")
    assert len(shown.strip("…").replace("【", "").replace("】", "")) == 80


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (["20"], "审核文件【20】件"),
        (["98"], "出庭【98】人次"),
        (["98.7"], "应诉率【98.7】%"),
        (["5", "g"], "建设【5G】基站"),
        (["ai"], "运用【AI】审查"),
        (["2022", "年"], "【2022】【年】，概述"),
    ],
)
def test_a_number_or_a_latin_word_is_shown_where_it_stands_whole(
    load: Load, ask: Ask, asked: list[str], shown: str
) -> None:
    load(batch(("2022年，概述", "应诉率98.7%", "Airport", "审核文件20件", "出庭98人次", "建设5G基站", "运用AI审查")))
    assert ask(f'SELECT snippet("text", {asked}) FROM report_texts') == [(shown,)]


def test_a_bare_connection_answers_the_macro(load: Load, warehouse: Path, tmp_path: Path) -> None:
    load(batch(*THREE))
    publish(warehouse, tmp_path / "reader.duckdb")
    connection = duckdb.connect(str(tmp_path / "reader.duckdb"), read_only=True)
    found = connection.execute("SELECT publisher, report_year, snippet FROM search('应诉')").fetchall()
    connection.close()
    assert found == [("浦江县人民政府", 2025, "【出庭应诉】")]


def test_a_copy_of_before_the_macro_took_an_argument_is_told_as_old(
    load: Load, warehouse: Path, tmp_path: Path
) -> None:
    load(batch(*THREE))
    reader = publish(warehouse, tmp_path / "reader.duckdb").path
    reader.chmod(0o644)
    with duckdb.connect(str(reader)) as connection:
        connection.execute("CREATE OR REPLACE MACRO search(query, words := NULL) AS TABLE SELECT 1")
    with pytest.raises(NoReaderError, match="published by an older nianbao"):
        search_reports(reader, "行政复议", words=("行政复议",), filters=Filters())


def test_absent_words_have_nearest_ones(load: Load, warehouse: Path, tmp_path: Path) -> None:
    load(batch(*THREE))
    reader = tmp_path / "reader.duckdb"
    publish(warehouse, reader)
    assert missing_words(reader, ["行政复议", "行政复义"]) == ("行政复义",)
    assert nearest_words(reader, "行政复义") == ("行政复议",)
    assert nearest_words(reader, "完全不同") == ()
    assert dictionaries(reader) == {"1+abc": 3}


def test_words_of_another_dictionary_are_replaced_and_of_none_are_added(load: Load, warehouse: Path, ask: Ask) -> None:
    load(batch(*THREE))
    load(replace(whole_batch(9, 1, run_id="run-2")))
    with writing(warehouse, "test") as connection:
        assert texts_to_cut(connection, "1+abc", 10)[0][0] == "doc-9", "a report without words was never cut"
        texts = texts_to_cut(connection, "2+def", 10)
        assert sorted(document for document, _, _ in texts) == ["doc-0", "doc-1", "doc-2", "doc-9"]
        held = [(document, version) for document, version, _ in texts if document != "doc-9"]
        cut = [(document, version, words("新词", dictionary="2+def")) for document, version in held]
        replace_words(connection, [*cut, ("doc-9", 1, Words("2+def", (), ()))])
        assert texts_to_cut(connection, "2+def", 10) == []
    assert ask("SELECT DISTINCT token, dictionary FROM terms") == [("新词", "2+def")]
    assert ask("SELECT count(*) FROM core_words") == [(4,)]
