"""The statutory tables as panels, the parts that are missing, and how long reports are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deployments.portal.lot import Lot
from deployments.portal.statutory_tables import applications_table, draw_applications
from scrapers.reading.figures import figures
from scrapers.records import Batch, Figure, Report, ReportType, Section, Table
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


def test_a_form_of_before_2019_has_a_row_without_numbers(load: Load, ask: Ask) -> None:
    load(batch(disclosure(0, year=2018, figures=(Figure("statistics", ("行政复议数",), "2018年度", "5"),))))
    assert ask("SELECT report_year, new, adds_up, reconsiderations FROM disclosure_panel") == [(2018, None, None, None)]


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
