"""The statutory tables of disclosure reports as figures, and the sums that must come out."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.reading.figures import Check, consistency, number
from scrapers.reading.page import read_page
from scrapers.records import Figure, Table
from tests.reading.forms import figures

APPLICANTS = ("自然人", "商业 企业", "科研机构", "社会公益组织", "法律服务机构", "其他", "总计")
ROWS = (
    ("一、本年新收政府信息公开申请数量",),
    ("二、上年结转政府信息公开申请数量",),
    ("三、本 年度办 理结果", "（一）予以公开"),
    ("三、本 年度办 理结果", "（三）不予公开", "1.属于国家秘密"),
    ("三、本 年度办 理结果", "（七）总计"),
    ("四、结转下年度继续办理",),
)


def applications(new: int, carried: int, public: int, secret: int, total: int, over: int) -> Table:
    """The second table of the form, all figures in the columns 自然人 and 总计."""
    head = (
        ("（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",) * 3 + ("申请人情况",) * 7,
        ("（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",) * 3
        + ("自然人", *("法人或其他组织",) * 5, "总计"),
        ("（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）",) * 3 + APPLICANTS,
    )
    rows = []
    for labels, value in zip(ROWS, (new, carried, public, secret, total, over), strict=True):
        spanned = (*labels, *(labels[-1],) * (3 - len(labels)))
        rows.append((*spanned, str(value), "0", "0", "0", "0", "0", str(value)))
    return Table((*head, *rows))


def review(*values: str) -> Table:
    kinds = ("结果维持", "结果 纠正", "其他结果", "尚未审结", "总计")
    return Table(
        (
            ("行政复议",) * 5 + ("行政诉讼",) * 10,
            (*kinds, *("未经复议直接起诉",) * 5, *("复议后起诉",) * 5),
            kinds * 3,
            values,
        )
    )


PROACTIVE = Table(
    (
        ("第二十条第（一）项",) * 4,
        ("信息内容", "本年制发件数", "本年废止件数", "现行有效件数"),
        ("规章", "0", "0", "0"),
        ("行政规范性文件", "62", "", "440"),
        ("第二十条第（五）项",) * 4,
        ("信息内容", *("本年处理决定数量",) * 3),
        ("行政许可", *("4529",) * 3),
        ("第二十条第（八）项",) * 4,
        ("信息内容", *("本年收费金额（单位：万元）",) * 3),
        ("行政事业性收费", *("18651.06",) * 3),
    )
)


def values(found: tuple[Figure, ...]) -> dict[tuple[str, ...], str | None]:
    return {(*one.path, one.column): one.value for one in found}


def test_what_was_published() -> None:
    assert values(figures([PROACTIVE])) == {
        ("规章", "本年制发件数"): "0",
        ("规章", "本年废止件数"): "0",
        ("规章", "现行有效件数"): "0",
        ("行政规范性文件", "本年制发件数"): "62",
        ("行政规范性文件", "本年废止件数"): None,
        ("行政规范性文件", "现行有效件数"): "440",
        ("行政许可", "本年处理决定数量"): "4529",
        ("行政事业性收费", "本年收费金额（单位：万元）"): "18651.06",
    }


def test_the_first_table_may_come_in_four_pieces() -> None:
    pieces = [Table(PROACTIVE.rows[start:end]) for start, end in ((0, 4), (4, 7), (7, 10))]
    assert figures(pieces) == figures([PROACTIVE])


def test_what_was_asked_for_by_whom() -> None:
    found = figures([applications(5, 1, 3, 2, 5, 1)])
    assert {one.table for one in found} == {"applications"}
    assert len(found) == 6 * 7
    cells = values(found)
    assert cells["一、本年新收政府信息公开申请数量", "自然人"] == "5"
    assert cells["三、本年度办理结果", "（三）不予公开", "1.属于国家秘密", "总计"] == "2"
    assert cells["三、本年度办理结果", "（七）总计", "商业企业"] == "0"


def test_a_head_in_a_table_of_its_own_is_not_missed() -> None:
    whole = applications(5, 1, 3, 2, 5, 1)
    assert values(figures([Table(whole.rows[3:])])) == values(figures([whole]))


def test_what_was_contested() -> None:
    found = figures([review("2", "1", "3", "1", "7", *"00000", "13", "2", "4", "0", "19")])
    cells = values(found)
    assert len(cells) == 15
    assert cells["行政复议", "结果纠正"] == "1"
    assert cells["行政诉讼", "未经复议直接起诉", "总计"] == "0"
    assert cells["行政诉讼", "复议后起诉", "结果维持"] == "13"
    assert {one.table for one in found} == {"review_litigation"}


def test_an_empty_row_of_reviews_is_empty_cells() -> None:
    assert set(values(figures([review(*[""] * 15)])).values()) == {None}


def test_the_indicators_of_forms_before_2019() -> None:
    table = Table(
        (
            ("统 计 指 标", "单位", "统计数"),
            ("一、主动公开情况", "——", "——"),
            ("（一）主动公开政府信息数", "条", "1,068"),
            ("1.政府网站公开", "条", "920"),
            ("二、依申请公开情况", "", ""),
            ("（一）收到申请数", "件", "4"),
            ("1.当面申请数", "件", "0"),
        )
    )
    cells = values(figures([table]))
    assert cells["一、主动公开情况", "（一）主动公开政府信息数", "统计数"] == "1,068"
    assert cells["一、主动公开情况", "（一）主动公开政府信息数", "1.政府网站公开", "统计数"] == "920"
    assert cells["二、依申请公开情况", "（一）收到申请数", "1.当面申请数", "单位"] == "件"


@pytest.mark.parametrize("cut", [2, 3, 4, 5])
@pytest.mark.parametrize("head_again", [False, True])
def test_a_form_cut_by_a_page_goes_on_in_the_next_table(cut: int, *, head_again: bool) -> None:
    whole = applications(4, 1, 3, 1, 4, 1)
    head, rows = whole.rows[:3], whole.rows[3:]
    # The labels that reach over the cut are left in the first table.
    open_labels = 1 if cut in (3, 4) else 0
    lower = tuple((*row[open_labels:], *("",) * open_labels) if n == 0 else row for n, row in enumerate(rows[cut:]))
    tables = (Table((*head, *rows[:cut])), Table((*head, *lower) if head_again else lower))
    assert figures(tables) == figures((whole,))


def test_a_table_behind_the_whole_form_is_no_part_of_it() -> None:
    other = Table((("1.示例", *("2",) * 7),))
    whole = applications(4, 1, 3, 1, 4, 1)
    assert figures((whole, other)) == figures((whole,))


def test_other_tables_are_no_figures() -> None:
    assert figures([Table((("姓名", "单位"), ("张三", "司法局"))), Table(()), Table(((),))]) == ()


def test_the_stated_check_holds_where_the_sums_are_right() -> None:
    check = consistency(figures([applications(5, 1, 3, 2, 5, 1)]))
    assert check.holds is True
    assert check.mismatches == ()
    natural = check.columns[0]
    assert (natural.column, natural.new, natural.carried_in, natural.results_total, natural.carried_over) == (
        "自然人",
        Decimal(5),
        Decimal(1),
        Decimal(5),
        Decimal(1),
    )


def test_a_wrong_sum_is_named_with_its_column() -> None:
    check = consistency(figures([applications(5, 1, 3, 2, 5, 0)]))
    assert check.holds is False
    assert "自然人: 5 + 1 is not 5 + 0" in check.mismatches
    assert next(one.holds for one in check.columns if one.column == "商业企业") is True


def test_results_that_do_not_add_up_are_named() -> None:
    check = consistency(figures([applications(5, 1, 3, 1, 5, 1)]))
    assert check.holds is True
    assert check.mismatches == (
        "自然人: the results add up to 4, not 5",
        "总计: the results add up to 4, not 5",
    )


def test_outcomes_that_do_not_add_up_are_named() -> None:
    found = figures([review("2", "1", "3", "1", "8", *["0"] * 10)])
    assert consistency(found).mismatches == ("行政复议: the columns add up to 7, not 8",)


def test_nothing_is_said_where_a_number_is_missing() -> None:
    rows = [tuple("" if cell == "5" else cell for cell in row) for row in applications(5, 1, 3, 2, 5, 1).rows]
    check = consistency(figures([Table(tuple(rows))]))
    assert check.holds is None
    assert consistency(()) == Check((), None)


@pytest.mark.parametrize(
    ("printed", "read"),
    [("1,068", "1068"), ("18651.06", "18651.06"), ("１２", "12"), ("", None), ("—", None), ("约3", None), (None, None)],
)
def test_numbers_are_read_as_printed(printed: str | None, read: str | None) -> None:
    assert number(printed) == (None if read is None else Decimal(read))


@pytest.mark.parametrize("page", ["pt_nb2024_97791", "pt_nb2018_80529", "pt_nb2011_80678"])
def test_every_number_of_a_real_report(shared: Path, page: str) -> None:
    recorded = json.loads((shared / "pages" / "disclosure_tables.json").read_text("utf-8"))[page]
    draft = read_page((shared / "pages" / "html" / f"{page}.html").read_bytes(), None)
    found = figures(draft.tables)
    for table in ("proactive", "applications", "review_litigation", "statistics"):
        expected = {
            (row, column): str(value)
            for row, cells in recorded.get(table, {}).items()
            for column, value in cells.items()
        }
        assert {(" / ".join(one.path), one.column): one.value for one in found if one.table == table} == expected
    if "check" in recorded:
        check = consistency(found)
        assert (check.holds, check.mismatches) == (recorded["check"]["holds"], ())
        assert {one.column: one.holds for one in check.columns} == {
            column: one["holds"] for column, one in recorded["check"]["by_column"].items()
        }


CELLS = st.sampled_from(
    ["", "0", "3", "信息内容", "一、本年新收", "自然人", "总计", "行政复议", "结果维持", "统计指标", "单位"]
)


@given(
    st.integers(0, 9).flatmap(lambda width: st.lists(st.tuples(*[CELLS] * width), max_size=6)),
)
def test_any_table_is_read_without_fuss(rows: list[tuple[str, ...]]) -> None:
    found = figures([Table(tuple(rows))])
    assert all(one.path and one.column for one in found)
    assert consistency(found).holds in (True, False, None)
