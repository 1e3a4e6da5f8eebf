"""The statutory tables as panels, the parts that are missing, and how long reports are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deployments.portal.lot import Lot
from deployments.portal.statutory_tables import applications_table, draw_applications
from scrapers.records import Batch, Figure, Report, ReportType, Section, Table
from tests.reading.forms import figures
from tests.warehouse.sample_batches import report

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]

APPLICANTS = ("自然人", "总计")


def batch(*reports: Report) -> Batch:
    return Batch(run_id="run-1", source_id="zhejiang/pujiang", sequence=0, reports=reports)


def applications(path: tuple[str, ...], *values: str | None) -> tuple[Figure, ...]:
    return tuple(Figure("applications", path, who, value) for who, value in zip(APPLICANTS, values, strict=True))


def form(carried_over: str | None = "1") -> tuple[Figure, ...]:
    return (
        *applications(("一、本年新收政府信息公开申请数量",), "8", "10"),
        *applications(("二、上年结转政府信息公开申请数量",), "1", "1"),
        *applications(("三、本年度办理结果", "（一）予以公开"), "5", "6"),
        *applications(("三、本年度办理结果", "（三）不予公开", "1.属于国家秘密"), "1", "1"),
        *applications(("三、本年度办理结果", "（三）不予公开", "7.属于行政执法案卷"), "2", "3"),
        *applications(("三、本年度办理结果", "（七）总计"), "8", "10"),
        *applications(("四、结转下年度继续办理",), "1", carried_over),
        Figure("review_litigation", ("行政复议",), "结果纠正", "2"),
        Figure("review_litigation", ("行政复议",), "总计", "7"),
        Figure("review_litigation", ("行政诉讼", "未经复议直接起诉"), "总计", "3"),
        Figure("review_litigation", ("行政诉讼", "复议后起诉"), "总计", "4"),
        Figure("proactive", ("行政规范性文件",), "本年制发件数", "8"),
        Figure("proactive", ("行政规范性文件",), "本年废止件数", "2"),
        Figure("proactive", ("行政规范性文件",), "现行有效件数", "61"),
        Figure("proactive", ("行政事业性收费",), "本年收费金额（单位：万元）", "1,203.5"),
    )


def disclosure(number: int, **changes: Any) -> Report:
    return report(number, **({"report_type": ReportType.DISCLOSURE, "figures": form(), "sections": ()} | changes))


def test_the_main_numbers_stand_in_one_row(load: Load, ask: Ask) -> None:
    load(batch(disclosure(0)))
    assert ask(
        "SELECT new, carried_in, granted, refused, partly_granted, results, carried_over, adds_up, reconsiderations, "
        "reconsiderations_corrected, lawsuits FROM disclosure_panel"
    ) == [(10, 1, 6, 4, None, 10, 1, True, 7, 2, 7)]


@pytest.mark.parametrize(("carried_over", "adds_up"), [("1", True), ("3", False), ("—", None), (None, None)])
def test_the_form_checks_itself(load: Load, ask: Ask, carried_over: str | None, adds_up: bool | None) -> None:
    load(batch(disclosure(0, figures=form(carried_over))))
    assert ask("SELECT adds_up FROM disclosure_panel") == [(adds_up,)]


def test_one_applicant_whose_numbers_do_not_add_up_is_enough(load: Load, ask: Ask) -> None:
    broken = tuple(
        replace(cell, value="7") if cell.path[0].startswith("四") and cell.column == "自然人" else cell
        for cell in form()
    )
    load(batch(disclosure(0, figures=broken)))
    assert ask("SELECT adds_up FROM disclosure_panel") == [(False,)]


NATIONAL = (
    ("政府信息公开情况统计表",) * 4,
    ("序号", "统计指标", "单位", "统计数"),
    ("1", "一、主动公开情况", "——", "——"),
    ("2", "（一）主动公开政府信息数（不同渠道和方式公开相同信息计1条）", "条", "1,500"),
    ("3", "其中：主动公开规范性文件数", "条", "12"),
    ("4", "制发规范性文件总数", "件", "14"),
    ("5", "三、依申请公开情况", "——", "——"),
    ("6", "（一）收到申请数", "件", "61"),
    ("7", "1.当面申请数", "件", "10"),
    ("8", "（二）申请办结数", "件", "58"),
    ("9", "（三）申请答复数", "件", "59"),
    ("10", "1.属于已主动公开范围数", "件", "9"),
    ("11", "2.同意公开答复数", "件", "30"),
    ("12", "4.不同意公开答复数", "件", "11"),
    ("13", "四、行政复议数量", "件", "5"),
    ("14", "（一）维持具体行政行为数", "件", "3"),
    ("15", "（二）被依法纠错数", "件", "1"),
    ("16", "五、行政诉讼数量", "件", "4"),
    ("17", "（二）被依法纠错数", "件", "0"),
)
"""The form of 国办发〔2014〕32号, in part, with a name over it and a column of numbers, as copies of it have."""
PROVINCIAL = (
    ("指标名称", "计量单位", "2018年度", "历年累计"),
    ("主动公开文件数", "条", "2069", "12106"),
    ("受理依申请公开信息总数", "条", "7", "90"),
    ("其中：1.当面申请数", "条", "7", "90"),
    ("对申请的答复总数", "条", "6", "88"),
    ("其中：1.同意公开答复数", "条", "5", "70"),
    ("接受行政诉讼、举报数", "件", "9", "9"),
    ("行政复议数", "件", "2", "5"),
    ("行政诉讼数", "件", "0", "1"),
)
PANEL = (
    "SELECT new, carried_in, granted, refused, results, adds_up, reconsiderations, reconsiderations_corrected, "
    "lawsuits, lawsuits_corrected, form FROM disclosure_panel"
)


@pytest.mark.parametrize(
    ("table", "numbers"),
    [
        (NATIONAL, (61, None, None, None, 58, None, 5, 1, 4, 0, "before_2019")),
        (PROVINCIAL, (7, None, None, None, None, None, 2, None, 0, None, "before_2019")),
    ],
    ids=["national", "provincial"],
)
def test_of_the_form_of_before_2019_the_panel_has_what_means_the_same(
    load: Load, ask: Ask, table: tuple[tuple[str, ...], ...], numbers: tuple[object, ...]
) -> None:
    load(batch(disclosure(0, year=2018, figures=figures([Table(table)]))))
    assert ask(PANEL) == [numbers]


def test_the_older_form_has_a_view_of_its_own_with_the_years_number_and_the_sum(load: Load, ask: Ask) -> None:
    by_year = {2018: PROVINCIAL, 2017: NATIONAL}
    load(batch(*(disclosure(year, year=year, figures=figures([Table(table)])) for year, table in by_year.items())))
    said = "item, number, unit, number_to_date"
    rows = f"SELECT {said} FROM disclosure_statistics WHERE report_year = {{}} ORDER BY position"
    assert ask(rows.format(2018)) == [
        ("published", 2069, "条", 12106), ("received", 7, "条", 90), (None, 7, "条", 90), ("replies", 6, "条", 88),
        ("granted", 5, "条", 70), (None, 9, "件", 9), ("reconsiderations", 2, "件", 5), ("lawsuits", 0, "件", 1),
    ]  # fmt: skip
    assert [row[0] for row in ask(rows.format(2017)) if row[0] is not None] == [
        "published", "normative_published", "normative_made", "received", "concluded", "replies", "already_public",
        "granted", "refused", "reconsiderations", "reconsiderations_corrected", "lawsuits", "lawsuits_corrected",
    ]  # fmt: skip
    assert ask("SELECT report_year, made, in_force FROM disclosure_documents") == [(2017, 14, None)]


def test_of_two_columns_or_tables_that_may_be_the_years_none_is_taken(load: Load, ask: Ask) -> None:
    columns = (("指标名称", "单位", "统计数", "数量"), ("收到申请数", "件", "61", "7"))
    tables = tuple((("指标名称", "统计数"), ("收到申请数", number)) for number in ("61", "7"))
    other_year = (("指标名称", "2017年度"), ("收到申请数", "61"))
    made = [[Table(columns)], [Table(table) for table in tables], [Table(other_year)]]
    load(batch(*(disclosure(n, year=2018, figures=figures(each)) for n, each in enumerate(made))))
    assert ask("SELECT new, form FROM disclosure_panel") == [(None, "before_2019")] * 3


def test_a_report_with_both_forms_is_read_by_that_in_force(load: Load, ask: Ask) -> None:
    load(batch(disclosure(0, year=2019, figures=(*form(), *figures([Table(NATIONAL)])))))
    assert ask("SELECT new, results, reconsiderations, form FROM disclosure_panel") == [(10, 10, 7, "since_2019")]
    assert ask("SELECT kind, made FROM disclosure_documents") == [("normative_document", 8)]


def test_how_many_documents_are_public_is_not_how_many_are_in_force(load: Load, ask: Ask) -> None:
    cells = (Figure("proactive", ("规范性文件",), "对外公开总数量", "90"),)
    load(batch(disclosure(0, year=2020, figures=cells)))
    assert ask("SELECT in_force, public_in_all FROM disclosure_documents") == [(None, 90)]


def test_the_tidy_panel_names_item_case_and_applicant(load: Load, ask: Ask) -> None:
    load(batch(disclosure(0)))
    assert ask(
        'SELECT item, "case", number FROM disclosure_applications WHERE applicant = \'总计\' ORDER BY item, "case"'
    ) == [
        ("carried_in", None, 1),
        ("carried_over", None, 1),
        ("granted", None, 6),
        ("new", None, 10),
        ("refused", "属于国家秘密", 1),
        ("refused", "属于行政执法案卷", 3),
        ("results", None, 10),
    ]
    assert ask("SELECT procedure, outcome, number FROM disclosure_disputes ORDER BY ALL") == [
        ("lawsuit", "total", 3),
        ("lawsuit_after_reconsideration", "total", 4),
        ("reconsideration", "corrected", 2),
        ("reconsideration", "total", 7),
    ]
    assert ask("SELECT kind, made, abolished, in_force FROM disclosure_documents") == [("normative_document", 8, 2, 61)]
    assert ask("SELECT unit, number FROM figures WHERE kind = 'amount'") == [("万元", 1203.5)]


@pytest.mark.parametrize("year", [2019, 2021, 2025])
def test_every_row_of_the_forms_in_force_has_a_name(load: Load, ask: Ask, year: int) -> None:
    """The labels as the two forms print them: no row may fall out of the panel by its label."""
    grid = applications_table(draw_applications(Lot("test"), scale=50, year=year), year)
    load(batch(disclosure(0, year=year, figures=figures([Table(_spread(grid.rows))]))))
    assert ask("SELECT count(*) FROM disclosure_applications WHERE item IS NULL") == [(0,)]
    (row,) = ask("SELECT adds_up, new + carried_in = results + carried_over, "
                 "granted + partly_granted + refused + not_available + not_processed + other = results "
                 "FROM disclosure_panel")  # fmt: skip
    assert row == (True, True, True)


def _spread(rows: Any) -> tuple[tuple[str, ...], ...]:
    """A table's cells with their spans filled in, as the reading gives them."""
    width = sum(cell.colspan for cell in rows[0])
    filled: list[list[str | None]] = [[None] * width for _ in rows]
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            while filled[y][x] is not None:
                x += 1
            for down in range(cell.rowspan):
                for right in range(cell.colspan):
                    filled[y + down][x + right] = cell.text
    return tuple(tuple(str(cell) for cell in row) for row in filled)


def test_each_missing_part_is_a_row_with_its_name_in_the_law(load: Load, ask: Ask) -> None:
    load(batch(report(0), report(1, year=2018), report(2, sections=tuple(
        Section(role, role, 0, 1) for role in ("measures", "shortcomings", "leaders_duty", "next_year")))))  # fmt: skip
    assert ask("SELECT document_id, role, part FROM missing_parts ORDER BY ALL") == [
        ("doc-0", "leaders_duty", "党政主要负责人履行推进法治建设第一责任人职责"),
        ("doc-0", "next_year", "下一年度主要安排"),
    ]


def test_readability_counts_prose_and_not_tables(load: Load, ask: Ask) -> None:
    load(batch(report(0, text=("一、概述", "全县办理案件120件。制定文件8件！", "二、 其他"), sections=())))
    assert ask(
        "SELECT characters, paragraphs, headings, sentences, tables, mean_sentence, mean_paragraph, table_share "
        "FROM readability"
    ) == [(31, 1, 2, 2, 1, 9.0, 18.0, 8 / 38)]
