"""Statutory tables whose markup is wrong: a number stands in its cell, or the cell is empty and a doubt says why."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.judging.judge import judge
from scrapers.reading.figures import Forms, number, read_forms
from scrapers.reading.page import read_page
from scrapers.records import Table
from tests.reading.forms import (
    APPLICANTS,
    CARRIED_OVER,
    DISPUTES,
    OUTCOMES,
    PATHS,
    RESULTS,
    Rows,
    doubled,
    heads_of_applications,
    markup,
    proactive,
    review,
    rows_of_applications,
    spaced,
    with_an_empty_column,
    with_empty_rows,
    with_wrong_span,
    without_spans,
)
from tests.reading.specimens import FIRST, URL, page

Key = tuple[str, tuple[str, ...], str]
FEES = "本年收费金额（单位：万元）"
DRAWN = random.Random(2024)


def numbers(rng: random.Random) -> dict[Key, str]:
    """A whole report's figures, made up, whose sums come out."""
    asked = {path: [rng.choice((0, 0, 1, 2, 5, 12)) for _ in APPLICANTS[1:]] for path in PATHS}
    results = [path for path in PATHS if path[0] == RESULTS]
    asked[results[-1]] = [sum(column) for column in zip(*(asked[path] for path in results[:-1]), strict=True)]
    found: dict[Key, str] = {}
    for path in PATHS:
        for column, value in zip(APPLICANTS, (*asked[path], sum(asked[path])), strict=True):
            found["applications", path, column] = str(value)
    for path in DISPUTES:
        counted = [rng.choice((0, 0, 1, 3)) for _ in OUTCOMES[1:]]
        for column, value in zip(OUTCOMES, (*counted, sum(counted)), strict=True):
            found["review_litigation", path, column] = str(value)
    for label in ("规章", "行政规范性文件"):
        for column in ("本年制发件数", "本年废止件数", "现行有效件数"):
            found["proactive", (label,), column] = str(rng.choice((0, 3, 62)))
    found["proactive", ("行政许可",), "本年处理决定数量"] = str(rng.choice((0, 4529)))
    found["proactive", ("行政事业性收费",), FEES] = "18651.06"
    return found


def forms(found: dict[Key, str]) -> tuple[Rows, Rows, Rows, Rows]:
    """The tables: what was published, heads and rows of what was asked for, what was contested."""
    asked = {path: [found["applications", path, column] for column in APPLICANTS] for path in PATHS}
    contested = [found["review_litigation", path, column] for path in DISPUTES for column in OUTCOMES]
    published: dict[str, list[str]] = {}
    for (table, path, _), value in found.items():
        if table == "proactive":
            published.setdefault(path[0], []).append(value)
    return proactive(published), heads_of_applications(), rows_of_applications(asked), review(contested)


def read(*tables: Rows) -> Forms:
    body = "".join(f"<p>{FIRST}</p>{markup(table)}" for table in tables)
    return read_forms(read_page(page(f'<h1>示例县年报</h1><p>来源：县政府</p><div id="zoom">{body}</div>'), URL).tables)


def check(found: Forms, expected: Mapping[Key, str | None]) -> int:
    """No number stands in a wrong cell, none is lost without a doubt; how many cells are open."""
    seen = {(one.table, one.path, one.column): one.value for one in found.figures}
    assert len(seen) == len(found.figures), "a cell has one value"
    assert seen.keys() <= expected.keys()
    wrong = {key: value for key, value in seen.items() if value is not None and value != expected[key]}
    assert wrong == {}
    open_cells = sum(1 for key, value in expected.items() if value is not None and seen.get(key) is None)
    assert found.doubts or not open_cells
    return open_cells


Damage = Callable[[Rows], Rows]

WHOLE: dict[str, Damage] = {
    "as the form has it": lambda rows: rows,
    "no rowspan": lambda rows: without_spans(rows, "high"),
    "no colspan": lambda rows: without_spans(rows, "wide"),
    "no span at all": lambda rows: without_spans(without_spans(rows, "wide"), "high"),
    "an empty column in front": with_an_empty_column,
    "an empty row behind each": with_empty_rows,
    "a spreadsheet's empty columns": spaced,
    "every column in two": doubled,
    "empty columns and rows": lambda rows: with_empty_rows(with_an_empty_column(doubled(rows))),
    "empty columns, no rowspan": lambda rows: spaced(without_spans(rows, "high")),
}


@pytest.mark.parametrize("damage", WHOLE.values(), ids=WHOLE.keys())
def test_every_number_lands_in_its_cell_whatever_the_spans_say(damage: Damage) -> None:
    expected = numbers(DRAWN)
    published, heads, rows, contested = forms(expected)
    found = read(damage(published), damage(heads + rows), damage(contested))
    assert (check(found, expected), found.doubts) == (0, ())


@pytest.mark.parametrize("direction", ["high", "wide"])
@pytest.mark.parametrize("by", [-99, -1, 1])
@pytest.mark.parametrize("which", range(9))
def test_one_wrong_span_moves_no_number(direction: str, by: int, which: int) -> None:
    expected = numbers(DRAWN)
    published, heads, rows, contested = forms(expected)
    found = read(
        with_wrong_span(published, "wide", which, by),
        with_wrong_span(heads + rows, direction, which, by),
        with_wrong_span(contested, direction, which, by),
    )
    assert check(found, expected) == 0


@pytest.mark.parametrize(
    "reaching",
    [(4, 4), (7, 7), (4, 5), (5, 6), (6, 7)],
    ids=["（三）", "（六）", "（三）（四）", "（四）（五）", "（五）（六）"],
)
def test_labels_that_reach_into_two_rows_below_name_neither(reaching: tuple[int, int]) -> None:
    expected = numbers(DRAWN)
    _, heads, asked, _ = forms(expected)
    asked = heads + asked
    for which in reaching:
        asked = with_wrong_span(asked, "high", which, 1)
    found = read(asked)
    assert found.doubts == ()
    assert {(one.table, one.path, one.column): one.value for one in found.figures} == {
        key: value for key, value in expected.items() if key[0] == "applications"
    }


@pytest.mark.parametrize("cut", range(1, len(PATHS)))
@pytest.mark.parametrize("direction", ["", "high", "wide"])
def test_a_form_goes_on_in_the_next_table(cut: int, direction: str) -> None:
    expected = numbers(DRAWN)
    published, heads, rows, contested = forms(expected)
    if direction:
        heads, rows, contested = (without_spans(one, direction) for one in (heads, rows, contested))
    found = read(published[:4], published[4:], heads + rows[:cut], rows[cut:], contested[:3], contested[3:])
    assert check(found, expected) == 0


def test_heads_may_stand_in_a_table_of_their_own() -> None:
    expected = numbers(DRAWN)
    published, heads, rows, contested = forms(expected)
    assert check(read(published, heads, rows, contested), expected) == 0


@given(
    st.integers(0, 10_000),
    st.lists(
        st.tuples(st.sampled_from(("high", "wide")), st.integers(0, 20), st.sampled_from((-99, -1, 1))), max_size=2
    ),
    st.sampled_from([*WHOLE.values()]),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_no_number_ever_stands_in_a_wrong_cell(
    seed: int, spans: list[tuple[str, int, int]], damage: Damage, zeros_are_blank: bool
) -> None:
    expected = numbers(random.Random(seed))
    if zeros_are_blank:
        expected = {key: "" if value == "0" else value for key, value in expected.items()}
    published, heads, rows, contested = forms(expected)
    asked = heads + rows
    for direction, which, by in spans:
        asked, contested = (with_wrong_span(one, direction, which, by) for one in (asked, contested))
    found = read(published, damage(asked), damage(contested))
    check(found, {key: value or None for key, value in expected.items()})


def test_a_row_that_can_be_read_in_two_ways_is_open_and_named() -> None:
    expected = numbers(DRAWN)
    _, heads, rows, _ = forms(expected)
    rows[0] = [rows[0][0], *rows[0][1:4]]  # three figures under seven columns, and the heads lie about where
    found = read(with_wrong_span(heads, "wide", 1, 1) + rows)
    first = [one for one in found.figures if one.path == PATHS[0]]
    assert [one.value for one in first] == [None] * 7
    assert found.doubts == (f"applications: the cells of {PATHS[0][0]} fit no reading of its 7 columns",)


def test_a_form_that_breaks_off_is_named() -> None:
    _, heads, rows, contested = forms(numbers(DRAWN))
    found = read(heads + rows[:4], contested[:3])
    assert found.doubts == (
        f"applications: no row 四、结转下年度继续办理 behind {'/'.join(PATHS[3])}",
        "review_litigation: no row of figures under the heads",
    )


def test_two_numbers_in_one_cell_are_none() -> None:
    expected = numbers(DRAWN)
    contested = forms(expected)[3]
    run_together = [*contested[:3], [type(contested[3][0])(" ".join(cell.text for cell in contested[3]), 15)]]
    found = read(run_together)
    assert found.figures == ()
    assert found.doubts == ("review_litigation: no row of figures under the heads",)
    assert (number("1 2"), number("1 068"), number("12 0680")) == (None, Decimal(1068), None)


def test_a_unit_that_was_left_out_moves_no_count_into_its_column() -> None:
    rows = (
        ("政府信息公开情况统计表（2018年度）",) * 3,
        ("统计指标", "单位", "统计数"),
        ("一、主动公开情况", "", ""),
        ("（一）主动公开政府信息数", "1068", ""),
        ("1.政府网站公开", "条", "920"),
    )
    found = read_forms([Table(rows), Table((("二、依申请公开情况", "", ""), ("（一）收到申请数", "件", "4")))])
    values = {(one.path[-1], one.column): one.value for one in found.figures}
    assert values["（一）主动公开政府信息数", "统计数"] == "1068"
    assert values["（一）主动公开政府信息数", "单位"] is None
    assert values["（一）收到申请数", "统计数"] == "4"


def test_what_could_not_be_read_is_a_flag_of_the_report() -> None:
    _, heads, rows, _ = forms(numbers(DRAWN))
    parts = "".join(
        f"<p>{name}</p><p>{FIRST}</p>"
        for name in ("一、总体情况", "二、主动公开政府信息情况", "三、收到和处理政府信息公开申请情况")
    )
    body = (
        f"{parts}{markup(heads + rows[:4])}<p>四、因政府信息公开工作被申请行政复议、提起行政诉讼情况</p><p>{FIRST}</p>"
    )
    draft = read_page(
        page(f'<h1>示例县2023年政府信息公开工作年度报告</h1><p>来源：县政府</p><div id="zoom">{body}</div>'), URL
    )
    flags = {flag.name: flag.evidence for flag in judge(draft).flags}
    assert flags["figures_unread"] == f"applications: no row {CARRIED_OVER} behind {'/'.join(PATHS[3])}"


def test_a_remark_beside_the_labels_belongs_to_its_row_alone() -> None:
    rows = [("", "", "", *APPLICANTS), ("一、本年新收政府信息公开申请数量",) * 3 + ("0",) * 7]
    rows += [(RESULTS, "（一）予以公开", f"说明{n}", *"0000000") for n in range(3)]
    found = read_forms([Table(tuple(rows))]).figures
    assert list(dict.fromkeys(one.path for one in found))[1:] == [
        (RESULTS, "（一）予以公开", f"说明{n}") for n in range(3)
    ]


def test_a_row_of_a_hundred_thousand_empty_cells_is_read_at_once() -> None:
    blank = ("",) * 100_000
    began = time.process_time()
    forms = read_forms([Table((("", *APPLICANTS, *blank), ("一、本年新收", "1", *blank, *"000001")))])
    assert [one.value for one in forms.figures] == list("1000001")
    assert time.process_time() - began < 3
