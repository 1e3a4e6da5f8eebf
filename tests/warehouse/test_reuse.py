"""What is said again: in the next year, in another place, in another report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from scrapers.judging.copies import signature
from scrapers.records import Batch, Report, ReportType
from tests.warehouse.sample_batches import report

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]

BOILERPLATE = "严格落实重大行政决策法定程序和集体讨论制度。"
ONCE = "白马镇行政执法协调监督试点取得明显成效。"
COUNTED = "全年收到行政复议申请{}件并全部依法办结。"


def batch(*reports: Report) -> Batch:
    return Batch(run_id="run-1", source_id="zhejiang/pujiang", sequence=0, reports=reports)


def saying(number: int, *said: str, **changes: Any) -> Report:
    return report(number, text=("一、概述", *said, "二、其他"), sections=(), **changes)


def test_a_report_is_compared_with_the_same_publishers_report_of_the_year_before(load: Load, ask: Ask) -> None:
    load(
        batch(
            saying(0, BOILERPLATE, COUNTED.format(705), year=2024),
            saying(1, BOILERPLATE, COUNTED.format(21), ONCE),
            saying(2, BOILERPLATE, publisher="滨江区人民政府"),
        )
    )
    (row,) = ask(
        "SELECT publisher, report_year, sentences, verbatim_sentences, verbatim_share, share_but_numbers, document_id, "
        "earlier_id FROM reused_from_last_year()"
    )
    whole = len(BOILERPLATE) + len(COUNTED.format(21)) + len(ONCE)
    assert row[:4] == ("浦江县人民政府", 2025, 3, 1)
    assert row[4] == pytest.approx(len(BOILERPLATE) / whole)
    assert row[5] == pytest.approx((whole - len(ONCE)) / whole)
    assert row[6:] == ("doc-1", "doc-0")


def test_neither_a_gap_of_a_year_nor_another_type_is_last_year(load: Load, ask: Ask) -> None:
    load(
        batch(
            saying(0, BOILERPLATE, year=2023),
            saying(1, BOILERPLATE, year=2025),
            saying(2, BOILERPLATE, year=2024, report_type=ReportType.DISCLOSURE),
        )
    )
    assert ask("SELECT count(*) FROM reused_from_last_year()") == [(0,)]


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ("", 2),
        ("publisher := '浦江县人民政府'", 1),
        ('"year" := 2024', 0),
        ('"year" := 2025', 2),
        ("\"type\" := 'disclosure'", 0),
    ],
)
def test_the_question_can_be_narrowed(load: Load, ask: Ask, arguments: str, rows: int) -> None:
    load(
        batch(
            *(saying(n, BOILERPLATE, year=2024 + n) for n in range(2)),
            *(saying(2 + n, BOILERPLATE, year=2024 + n, publisher="滨江区人民政府") for n in range(2)),
        )
    )
    assert ask(f"SELECT count(*) FROM reused_from_last_year({arguments})") == [(rows,)]


def test_headings_and_rows_of_tables_are_nobodys_sentences(load: Load, ask: Ask) -> None:
    load(batch(saying(0, "（一）推进行政决策科学化民主化法治化", BOILERPLATE)))
    assert ask("SELECT position, sentence FROM report_sentences") == [(1, BOILERPLATE)]


def test_sentences_that_follow_each_other_in_both_are_one_passage(load: Load, ask: Ask) -> None:
    other = "这一句话只在其中一份报告里出现过一次。"
    load(
        batch(saying(0, BOILERPLATE + ONCE, other, COUNTED.format(3)), saying(1, COUNTED.format(3), BOILERPLATE + ONCE))
    )
    assert ask("FROM shared_passages('doc-0', 'doc-1')") == [
        (BOILERPLATE + ONCE, 2, len(BOILERPLATE + ONCE), 1, 2),
        (COUNTED.format(3), 1, len(COUNTED.format(3)), 4, 1),
    ]


OWN = [f"本县第{n}项特色工作取得了显著的进展和成效。" for n in "一二三四"]
OTHER = "滨江区人民政府"
LAST_YEAR = {"year": 2024, "published_date": date(2025, 1, 20)}
FIRST = {"published_date": date(2026, 1, 20)}
LATER = {"published_date": date(2026, 3, 1), "publisher": OTHER}


def test_a_place_that_repeats_another_is_told_and_who_said_it_first(load: Load, ask: Ask) -> None:
    load(
        batch(
            saying(0, BOILERPLATE, *OWN, **FIRST),
            saying(1, BOILERPLATE, *OWN[:3], ONCE, **LATER),
            *(saying(n, BOILERPLATE, publisher=f"{n}县人民政府") for n in range(2, 6)),
        )
    )
    rows = ask("SELECT publisher, said_first_by, sentences, characters, share FROM copied_between_places(2025)")
    copied = sum(map(len, OWN[:3]))
    assert rows == [
        ("滨江区人民政府", "浦江县人民政府", 3, copied, pytest.approx(copied / (copied + len(BOILERPLATE) + len(ONCE))))
    ]
    assert ask("SELECT count(*) FROM copied_between_places(2024)") == [(0,)]
    assert ask("SELECT count(*) FROM copied_between_places(2025, least := 4)") == [(0,)]


def test_what_another_place_said_a_year_before_is_found_where_it_is_asked_for(load: Load, ask: Ask) -> None:
    load(batch(saying(0, *OWN, **LAST_YEAR), saying(1, *OWN, **LATER), saying(2, *OWN, **FIRST)))
    assert ask("SELECT publisher, said_first_by FROM copied_between_places(2025)") == [(OTHER, "浦江县人民政府")]
    assert ask(
        "SELECT publisher, said_first_by, said_first_in, earlier_id FROM copied_between_places(2025, years_back := 1)"
    ) == [(OTHER, "浦江县人民政府", 2024, "doc-0")]


def test_nobody_copies_what_was_its_own_before(load: Load, ask: Ask) -> None:
    theirs = saying(1, *OWN, publisher=OTHER, **FIRST)
    load(batch(saying(0, *OWN, **LAST_YEAR), theirs, saying(2, *OWN, published_date=date(2026, 3, 20))))
    found = "SELECT publisher FROM copied_between_places(2025, years_back := {})"
    assert ask(found.format(0)) == [("浦江县人民政府",)]
    assert ask(found.format(1)) == [(OTHER,)]


def test_sentences_that_differ_in_their_numbers_are_copied_where_numbers_do_not_count(load: Load, ask: Ask) -> None:
    counted = [f"全年办理第{kind}类案件{{}}件，比上一年有所增加。" for kind in "甲乙丙"]
    load(
        batch(
            saying(0, *(line.format(12) for line in counted), **FIRST),
            saying(1, *(line.format("1,305") for line in counted), **LATER),
        )
    )
    assert ask("SELECT count(*) FROM copied_between_places(2025)") == [(0,)]
    assert ask("SELECT publisher, sentences, longest FROM copied_between_places(2025, but_numbers := true)") == [
        (OTHER, 3, max(counted).format("1,305"))
    ]


@pytest.mark.parametrize(
    "reports",
    [
        pytest.param(
            [saying(0, *OWN[:2], year=2024), saying(1, *OWN, **FIRST), saying(2, *OWN, **LATER)], id="over two years"
        ),
        pytest.param(
            [
                saying(0, *OWN[:2], published_date=date(2026, 1, 10)),
                saying(1, *OWN, **FIRST),
                saying(2, *OWN, **LATER),
            ],
            id="in two editions of the earlier",
        ),
        pytest.param(
            [
                saying(0, *OWN, **FIRST),
                saying(1, *OWN[:2], **LATER),
                saying(2, *OWN, **(LATER | {"published_date": date(2026, 3, 9)})),
            ],
            id="in two editions of the later",
        ),
    ],
)
def test_a_pair_of_publishers_is_one_row_however_many_reports_they_have(
    load: Load, ask: Ask, reports: list[Report]
) -> None:
    load(batch(*reports))
    asked = "SELECT publisher, said_first_by, sentences, share FROM copied_between_places(2025, years_back := 1)"
    assert ask(asked) == [(OTHER, "浦江县人民政府", 4, 1.0)]


def test_a_report_without_a_date_is_earlier_than_those_of_the_next_year(load: Load, ask: Ask) -> None:
    load(batch(saying(0, *OWN, year=2024, published_date=None), saying(1, *OWN, **LATER)))
    assert ask("SELECT publisher, said_first_in FROM copied_between_places(2025, years_back := 1)") == [(OTHER, 2024)]


def test_every_sentence_counts_where_numbers_do_not(load: Load, ask: Ask) -> None:
    counted = [f"全年办理{kind}类案件{number}件，比上一年有所增加。" for kind in "甲乙丙" for number in (3, 14, 159)]
    load(batch(saying(0, *counted, **FIRST), saying(1, *counted, **LATER)))
    asked = "SELECT sentences, share, longest FROM copied_between_places(2025, but_numbers := {})"
    longest = max(counted, key=lambda sentence: (len(sentence), sentence))
    assert ask(asked.format("false")) == ask(asked.format("true")) == [(9, 1.0, longest)]


CHANGED = [
    "本县第一项特色工作在各乡镇取得了显著的进展和成效，群众普遍欢迎。",
    "围绕外卖骑手和货车司机开通了夜间受理窗口，相关做法被上级推广。",
    "请企业家到办事窗口当一天暗访员，为立规建制积累了鲜活的样本。",
]
ORIGINAL = [
    "本县第一项特色工作在各街道取得了显著的进展和成效，群众普遍欢迎。",
    "围绕外卖骑手和网约车司机开通了夜间受理窗口，相关做法被上级推广。",
    "请企业家到办事窗口当两天暗访员，为立规建制积累了鲜活的样本。",
]


def test_sentences_with_a_few_words_changed_are_copied_where_near_ones_count(load: Load, ask: Ask) -> None:
    load(batch(saying(0, *ORIGINAL, OWN[0], **FIRST), saying(1, *CHANGED, OWN[0], **LATER)))
    assert ask("SELECT count(*) FROM copied_between_places(2025)") == [(0,)]
    assert ask(
        "SELECT publisher, said_first_by, sentences, changed_sentences, share, longest, report_year "
        "FROM copied_between_places(2025, near := 0.5)"
    ) == [(OTHER, "浦江县人民政府", 4, 3, 1.0, max(CHANGED, key=lambda s: (len(s), s)), 2025)]
    assert ask("SELECT count(*) FROM copied_between_places(2025, near := 0.95)") == [(0,)]
    assert ask(
        "SELECT sentence, other_sentence, similarity = 1 FROM similar_sentences('doc-1', 'doc-0', near := 0.5) "
        "ORDER BY position_a"
    ) == [*((new, old, False) for new, old in zip(CHANGED, ORIGINAL, strict=True)), (OWN[0], OWN[0], True)]


def test_what_many_say_with_changes_of_their_own_is_the_genres(load: Load, ask: Ask) -> None:
    places = "甲乙丙丁戊己庚"
    lines = [line.replace("本县", "{0}县").replace("群众", "{0}众").replace("上级", "{0}上级") for line in ORIGINAL]
    load(
        batch(
            *(
                saying(n, *(line.format(place) for line in lines), publisher=f"{place}县人民政府")
                for n, place in enumerate(places)
            )
        )
    )
    assert ask("SELECT count(*) FROM copied_between_places(2025, near := 0.5)") == [(0,)]


def test_nobody_copies_what_it_had_nearly_said_before(load: Load, ask: Ask) -> None:
    load(
        batch(
            saying(0, *ORIGINAL, year=2024, published_date=date(2025, 1, 20), publisher=OTHER),
            saying(1, *ORIGINAL, **FIRST),
            saying(2, *CHANGED, **LATER),
        )
    )
    found = "SELECT publisher, said_first_by FROM copied_between_places(2025, near := 0.5, years_back := {})"
    assert ask(found.format(0)) == [(OTHER, "浦江县人民政府")]
    assert ask(found.format(1)) == [("浦江县人民政府", OTHER)]


def test_several_years_are_several_answers(load: Load, ask: Ask) -> None:
    load(
        batch(
            saying(0, *OWN, year=2023, published_date=date(2024, 1, 20)),
            saying(1, *OWN, year=2023, published_date=date(2024, 2, 20), publisher=OTHER),
            saying(2, *ORIGINAL, **FIRST),
            saying(3, *ORIGINAL, **LATER),
        )
    )
    rows = "SELECT report_year, publisher, sentences FROM copied_between_places({}) ORDER BY ALL"
    both = ask(rows.format("[2023, 2025]"))
    assert both == [(2023, OTHER, 4), (2025, OTHER, 3)]
    assert [*ask(rows.format("2023")), *ask(rows.format("'2025'"))] == both
    assert ask(rows.format("[2024]")) == []


def test_the_likest_reports_are_found_by_their_signatures(load: Load, ask: Ask) -> None:
    text = [f"第{n}句话讲的是第{n * 7}件不同的事情，需要很多文字才能说明白。" for n in range(40)]
    changed = [line if n % 5 else line[::-1] for n, line in enumerate(text)]
    unlike = [f"另外{n}段完全没有关系的文字{n * 13}，说的是别处的道理与经历。" for n in range(40)]
    made = [saying(0, *text), saying(1, *changed, publisher="滨江区人民政府"), saying(2, *unlike)]
    load(batch(*(_signed(each) for each in made)))
    (row,) = ask("SELECT document_id, similarity FROM similar_reports('doc-0')")
    assert row[0] == "doc-1"
    assert 0.4 < row[1] < 0.9


def _signed(made: Report) -> Report:
    return replace(made, signature=signature(made.draft.text))
