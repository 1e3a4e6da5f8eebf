"""How often words stand in groups of reports, and which words set two groups apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scrapers.reading.quantities import quantities
from scrapers.records import Batch, Edition, Level, Report, Words
from scrapers.sources import divisions
from tests.warehouse.sample_batches import report
from warehouse.database import writing
from warehouse.ledgers.divisions import load_divisions

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def words(**counts: int) -> Words:
    return Words("1+abc", tuple(counts), tuple(counts.values()))


def batch(*reports: Report) -> Batch:
    return Batch(run_id="run-1", source_id="zhejiang/pujiang", sequence=0, reports=reports)


@pytest.fixture
def named(warehouse: Path) -> None:
    with writing(warehouse, "test") as connection:
        load_divisions(connection, divisions.load().divisions)


def test_a_groups_rate_is_the_sum_of_its_words_and_not_the_mean_of_its_reports(load: Load, ask: Ask) -> None:
    load(batch(report(0, words=words(复议=9, 案件=1)), report(1, words=words(复议=10, 案件=980))))
    assert ask("SELECT reports, reports_with, \"count\", words, per_10000 FROM term_frequency('复议')") == [
        (2, 2, 19, 1000, 190.0)
    ]


def test_a_group_that_never_uses_the_word_is_there_with_zero(load: Load, ask: Ask) -> None:
    load(
        batch(
            report(0, words=words(复议=5, 案件=95)),
            report(1, words=words(案件=100), year=2024),
            report(2, words=words(案件=100), level=Level.DEPARTMENT),
        )
    )
    assert ask(
        'SELECT report_year, level, reports, reports_with, "count", per_10000 '
        "FROM term_frequency('复议', per := ['year', 'level'])"
    ) == [(2024, "county", 1, 0, 0, 0.0), (2025, "county", 1, 1, 5, 500.0), (2025, "department", 1, 0, 0, 0.0)]


def test_one_report_a_publisher_counts_where_principal_editions_are_asked_for(load: Load, ask: Ask) -> None:
    to_congress = replace(report(1, words=words(复议=90, 案件=10)), edition=Edition.PEOPLES_CONGRESS)
    load(batch(report(0, words=words(复议=5, 案件=95)), to_congress))
    for editions, counted in (("all", (2, 95)), ("principal", (1, 5))):
        assert ask(f"SELECT reports, \"count\" FROM term_frequency('复议', editions := '{editions}')") == [counted]
    assert ask("SELECT reports FROM phrase_frequency('复议', editions := 'principal')") == [(1,)]


@pytest.mark.parametrize("macro", ["term_frequency", "phrase_frequency"])
@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("per := ['years']", "per takes year, .* not years"),
        ("type := '法治'", "type is rule_of_law or disclosure, not 法治"),
        ("editions := 'one'", "editions is all or principal, not one"),
    ],
)
def test_an_argument_that_is_unknown_is_no_silent_zero(
    load: Load, ask: Ask, macro: str, argument: str, complaint: str
) -> None:
    load(batch(report(0, words=words(复议=5))))
    with pytest.raises(duckdb.Error, match=complaint):
        ask(f"FROM {macro}('复议', {argument})")


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ("figure_panel('申请', type := '法治')", "type is rule_of_law or disclosure, not 法治"),
        ("figure_panel('申请', kind := 'percent')", "kind is count, rate, .* not percent"),
        ("reused_from_last_year(type := 'law')", "type is rule_of_law or disclosure, not law"),
        ("copied_between_places(2025, type := 'law')", "type is rule_of_law or disclosure, not law"),
        ("search('复议', type := 'law')", "type is rule_of_law or disclosure, not law"),
        ("search('复议', level := 'County')", "level is ministry, province, .* not County"),
        ("search('复议', year := [2025])", "year is one such as 2024, not .2025"),
        ("search(['复议'])", "query is one text, not a list"),
        ("search('')", "query is missing"),
        ("term_frequency(NULL)", "word is missing"),
        ("term_frequency(['复议', '诉讼'])", "word is one text, not a list"),
        ("phrase_frequency('')", "phrase is missing"),
        ("phrase_frequency(['复议'])", "phrase is one text, not a list"),
        ("figure_panel(NULL)", "about is missing"),
        ("figure_panel(['申请'])", "about is one text, not a list"),
        ("figure_panel('申请', unit := '百分比')", "no figure has the unit 百分比"),
        ("keyness(NULL, ['doc-0'])", "target has no trusted report"),
        ("keyness(['doc-0'], ['nope'])", "reference has no trusted report"),
        ("keyness(['doc-0'], ['doc-0'])", "target has no trusted report"),
        ("reused_from_last_year(year := [2025])", "year is one such as 2024, not .2025"),
        ("reused_from_last_year(publisher := '浦江县政府')", "no report is by 浦江县政府"),
        ("copied_between_places(NULL)", "year is missing"),
        ("copied_between_places([])", "year is missing"),
        ("copied_between_places('last')", "year is one such as 2024, not last"),
        ("copied_between_places(2025, least := NULL)", "least is a number from 1 on, not NULL"),
        ("copied_between_places(2025, most_publishers := 1)", "most_publishers is a number from 2 on, not 1"),
        ("copied_between_places(2025, years_back := -1)", "years_back is a number from 0 on, not -1"),
        ("copied_between_places(2025, near := 'x')", "near is a number from 0.1 on, not x"),
        ("similar_reports('nope')", "no trusted report has the document_id nope"),
        ("similar_reports(NULL)", "no trusted report has the document_id NULL"),
        ("shared_passages('doc-0', 'nope')", "no trusted report has the document_id nope"),
        ("shared_passages(NULL, 'doc-0')", "no trusted report has the document_id NULL"),
        ("similar_sentences('doc-0', 'nope')", "no trusted report has the document_id nope"),
    ],
)
def test_a_misspelt_argument_is_no_silent_nothing(load: Load, ask: Ask, asked: str, complaint: str) -> None:
    load(batch(replace(report(0, words=words(复议=5)), quantities=quantities("收到申请5件。"))))
    with pytest.raises(duckdb.Error, match=complaint):
        ask(f"FROM {asked}")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("term_frequency('复议', per := 'level')", "term_frequency('复议', per := ['level'])"),
        ("term_frequency('复议', editions := NULL)", "term_frequency('复议')"),
        ("phrase_frequency('案件', per := 'type', editions := NULL)", "phrase_frequency('案件', per := ['type'])"),
        ("figure_panel('收到申请', unit := ' ％')", "figure_panel('收到申请', unit := '%')"),
        ("reused_from_last_year(year := '2025')", "reused_from_last_year(year := 2025)"),
        ("reused_from_last_year(publisher := ['浦江县人民政府'])", "reused_from_last_year()"),
        ("copied_between_places('2025', least := '1')", "copied_between_places(2025, least := 1)"),
        ("search('复议', year := '2025年', division := 330726)", "search('复议', year := 2025, division := '330726')"),
        ("keyness('doc-0', 'doc-1', least := '1')", "keyness(['doc-0'], ['doc-1'], least := 1)"),
    ],
)
def test_an_argument_that_can_only_mean_one_thing_is_taken_for_it(load: Load, ask: Ask, asked: str, meant: str) -> None:
    said = quantities("收到申请5件，收到申请率5%。")
    made = [replace(report(n, words=words(复议=5, 案件=n + 1), year=2024 + n), quantities=said) for n in range(2)]
    load(batch(*made))
    assert ask(f"FROM {asked}") == ask(f"FROM {meant}")
    assert ask(f"FROM {meant}") or meant.startswith("copied")


@pytest.mark.usefixtures("named")
def test_places_are_told_apart_by_name_and_zones_by_where_they_lie(load: Load, ask: Ask) -> None:
    load(
        batch(
            report(0, words=words(复议=5, 案件=95)),
            report(1, words=words(案件=100), division_code=None, parent_division_code="330100", level=Level.ZONE),
            report(2, words=words(复议=1, 案件=99), division_code="420106"),
        )
    )
    assert ask(
        "SELECT province, city, reports, \"count\" FROM term_frequency('复议', per := ['province', 'city'])"
    ) == [("浙江省", "杭州市", 1, 0), ("浙江省", "金华市", 1, 5), ("湖北省", "武汉市", 1, 1)]


@pytest.mark.usefixtures("named")
def test_a_place_bears_the_name_of_the_report_year(load: Load, ask: Ask) -> None:
    load(batch(report(0, division_code="330104", year=2020), report(1, division_code="330104", year=2025)))
    assert ask("SELECT report_year, city, county FROM report_places ORDER BY ALL") == [
        (2020, "杭州市", "江干区"),
        (2025, "杭州市", None),
    ]


@pytest.mark.usefixtures("named")
def test_the_table_of_divisions_is_loaded_whole_and_once(warehouse: Path, ask: Ask) -> None:
    given = divisions.load().divisions
    assert ask("SELECT count(*), count(DISTINCT code) FROM divisions") == [
        (len(given), len({division.code for division in given}))
    ]
    with writing(warehouse, "test") as connection:
        load_divisions(connection, given[:10])
        assert connection.execute("SELECT count(*) FROM core_divisions").fetchall() == [(10,)]
        load_divisions(connection, given)
    assert ask("SELECT name FROM divisions WHERE code = '330726'") == [("浦江县",)]


def test_any_string_is_counted_in_the_text_itself(load: Load, ask: Ask) -> None:
    load(batch(report(0, text=("一、概述", "最多跑一次，最多跑一次。", "二、其他"), sections=())))
    (row,) = ask(
        "SELECT reports_with, \"count\", per_10000 * characters / 10000 FROM phrase_frequency('最多跑一次', per := [])"
    )
    assert row == (1, 2, pytest.approx(2))
    assert ask("SELECT reports, \"count\" FROM phrase_frequency('跑一趟')") == [(1, 0)]


TARGET = (Counter(普法=40, 案件=60, 校园=20), Counter(普法=10, 案件=80))
REFERENCE = (Counter(普法=5, 案件=150, 执法=45), Counter(案件=90, 执法=9, 罕见=1))


def expected_g2(a: int, b: int, c: int, d: int) -> float:
    """Rayson and Garside 2000: expected values first, then observed times the logarithm of observed by expected."""
    g2 = 0.0
    for observed, size in ((a, c), (b, d)):
        expected = size * (a + b) / (c + d)
        g2 += 2 * observed * math.log(observed / expected) if observed else 0.0
    return g2


def test_keyness_agrees_with_an_independent_computation(load: Load, ask: Ask) -> None:
    made = [report(n, words=words(**counts)) for n, counts in enumerate((*TARGET, *REFERENCE))]
    load(batch(*made))
    rows = ask("FROM keyness(['doc-0', 'doc-1'], ['doc-2', 'doc-3'], least := 1)")
    a_counts, b_counts = sum(TARGET, Counter()), sum(REFERENCE, Counter())
    c, d = a_counts.total(), b_counts.total()
    assert {row[0] for row in rows} == set(a_counts) | set(b_counts)
    for token, a, b, per_a, per_b, reports_a, reports_b, g2, log_ratio in rows:
        assert (a, b) == (a_counts[token], b_counts[token])
        assert (per_a, per_b) == (pytest.approx(10000 * a / c), pytest.approx(10000 * b / d))
        assert (reports_a, reports_b) == (sum(token in w for w in TARGET), sum(token in w for w in REFERENCE))
        assert g2 == pytest.approx(expected_g2(a, b, c, d))
        assert log_ratio == pytest.approx(math.log2((a or 0.5) / c / ((b or 0.5) / d)))
    assert [row[7] for row in rows] == sorted((row[7] for row in rows), reverse=True)


def test_keyness_gives_the_value_worked_by_hand(load: Load, ask: Ask) -> None:
    """10 uses against 30 in 12,000 words each: 20 expected, 2 (10 ln 1/2 + 30 ln 3/2) = 10.46, and log2 1/3 = -1.58."""
    load(batch(report(0, words=words(普法=10, 案件=11990)), report(1, words=words(普法=30, 案件=11970))))
    (row,) = ask("SELECT round(g2, 2), round(log_ratio, 2) FROM keyness(['doc-0'], ['doc-1']) WHERE token = '普法'")
    assert row == (10.46, -1.58)


def test_rare_words_are_left_out_and_a_report_of_both_groups_is_of_neither(load: Load, ask: Ask) -> None:
    made = [report(n, words=words(**counts)) for n, counts in enumerate((*TARGET, *REFERENCE))]
    load(batch(*made))
    asked = "SELECT token FROM keyness(['doc-0', 'doc-1', 'doc-3'], ['doc-2', 'doc-3'])"
    assert {token for (token,) in ask(asked)} == {"普法", "案件", "校园", "执法"}
    assert ask("SELECT count_reference FROM keyness(['doc-0', 'doc-3'], ['doc-2', 'doc-3']) WHERE token = '执法'") == [
        (45,)
    ]


def test_groups_can_be_asked_for_by_what_they_are(load: Load, ask: Ask) -> None:
    load(
        batch(
            report(0, words=words(校园=9, 案件=1), level=Level.DEPARTMENT, publisher="浦江县教育局"),
            report(1, words=words(校园=1, 案件=9)),
        )
    )
    assert ask(
        "SELECT token, log_ratio > 0 FROM keyness((SELECT list(document_id) FROM reports WHERE level = 'department'), "
        "(SELECT list(document_id) FROM reports WHERE level = 'county')) ORDER BY token"
    ) == [("校园", True), ("案件", False)]
