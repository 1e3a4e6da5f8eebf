"""Quantities of texts as rows: figures of running text beside those of tables, and texts looked through anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.upkeep.quantities import find_quantities_anew
from scrapers.reading.quantities import EXTRACTOR_VERSION, quantities
from scrapers.records import Batch, Figure, Report, ReportType, Section, State
from tests.warehouse.sample_batches import TEXT, report, whole_batch

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def looked_through(made: Report) -> Report:
    return replace(made, quantities=quantities(made.draft.text, made.draft.blocks))


def with_quantities(sequence: int = 0, **changes: Any) -> Batch:
    batch = whole_batch(sequence, 1)
    return replace(batch, reports=tuple(looked_through(replace(each, **changes)) for each in batch.reports))


def test_a_number_in_the_text_is_a_figure_with_its_unit_and_clause(load: Load, ask: Ask) -> None:
    load(with_quantities())
    assert ask(
        "SELECT position, number, unit, kind, counted, printed, clause, role, origin FROM figures "
        "WHERE origin = 'text' ORDER BY position"
    ) == [
        (1, 120.0, "件", "count", "全县办理行政复议案件", "120件", "全县办理行政复议案件120件", "measures", "text"),
        (2, 8.0, "件", "count", "制定规范性文件", "8件", "制定规范性文件8件", "measures", "text"),
    ]


def test_the_cells_of_the_statutory_tables_stay_figures(load: Load, ask: Ask) -> None:
    load(with_quantities())
    assert ask(
        "SELECT table_name, path, column_name, printed, number, unit, kind, counted FROM figures WHERE origin = 'table'"
    ) == [
        ("applications", ["三、结果", "（一）予以公开"], "自然人", "1,203", 1203.0, "件", "count",
         "三、结果 / （一）予以公开 / 自然人"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "printed", "number", "unit", "kind"),
    [
        ("采购总金额", "33420万元", 33420, "万元", "amount"),
        ("采购总金额", "33,420.5 万元", 33420.5, "万元", "amount"),
        ("采购总金额", "３３４２０　万元", 33420, "万元", "amount"),
        ("采购总金额", "1.2亿元", 1.2, "亿元", "amount"),
        ("采购总金额", "33420", 33420, None, None),
        ("本年收费金额（单位：万元）", "80302元", 80302, "元", "amount"),
        ("本年收费金额（单位：万元）", "1,203.5", 1203.5, "万元", "amount"),
        ("现行有效件数", "６１", 61, "件", "count"),
        ("现行有效件数", "１，２６１", 1261, "件", "count"),
        ("现行有效件数", "61件", 61, "件", "count"),
        ("本年增/减", "－2", -2, "项", "count"),
        ("现行有效件数", "3-5", None, "件", "count"),
        ("现行有效件数", "—", None, "件", "count"),
        ("现行有效件数", None, None, "件", "count"),
    ],
)
def test_a_cell_is_a_number_with_its_unit_or_in_full_width_digits_too(
    load: Load, ask: Ask, column: str, printed: str | None, number: float | None, unit: str | None, kind: str | None
) -> None:
    made = report(
        0, report_type=ReportType.DISCLOSURE, figures=(Figure("proactive", ("行政规范性文件",), column, printed),)
    )
    load(replace(whole_batch(0, 1), reports=(made,)))
    assert ask("SELECT number, unit, kind FROM figures WHERE origin = 'table'") == [(number, unit, kind)]


def test_a_figure_stands_in_the_text_where_it_says(load: Load, ask: Ask) -> None:
    load(with_quantities())
    assert ask(
        'SELECT q.printed, substring(v."text", q.start, length(q.printed)), '
        'substring(v."text", v.blocks[q."block"].start, v.blocks[q."block"].length) '
        'FROM core_quantities q JOIN core_versions v USING (document_id, "version") WHERE position = 1'
    ) == [("120件", "120件", TEXT[1])]


def test_a_page_in_quarantine_gives_no_figures(load: Load, ask: Ask) -> None:
    load(with_quantities(state=State.QUARANTINED, reason="host: not a trusted one"))
    assert ask("SELECT count(*) FROM figures") == [(0,)]


def test_the_panel_shows_who_says_nothing_and_leaves_plans_out(load: Load, ask: Ask) -> None:
    plans = ("一、2025年主要举措和成效", "收到行政复议申请5件。", "二、2026年主要安排", "力争收到行政复议申请3件以下。")
    parts = (Section("measures", plans[0], 0, 2), Section("next_year", plans[2], 2, 4))
    load(
        Batch(
            run_id="run-1",
            source_id="zhejiang/pujiang",
            sequence=0,
            reports=(
                looked_through(report(0, text=plans, sections=parts)),
                looked_through(
                    report(
                        1,
                        text=("一、概述", "未收到行政复议申请。", "二、其他"),
                        sections=(),
                        publisher="滨江区人民政府",
                    )
                ),
            ),
        )
    )
    panel = "SELECT publisher, number, statements, clause FROM figure_panel('行政复议申请', unit := '件') ORDER BY ALL"
    assert ask(panel) == [("浦江县人民政府", 5.0, 1, "收到行政复议申请5件"), ("滨江区人民政府", None, 0, None)]


def test_the_panel_takes_no_goal_for_a_result(load: Load, ask: Ask) -> None:
    said = "目标出庭应诉率95%，力争出庭应诉率达到96%，出庭应诉率97%，完成目标任务12项。"
    made = looked_through(replace(report(0, text=("一、概述", said, "二、其他"), sections=())))
    load(replace(whole_batch(0, 1), reports=(made,)))
    assert ask("SELECT number, statements FROM figure_panel('出庭应诉率')") == [(97.0, 1)]
    assert ask("SELECT number FROM figure_panel('目标任务')") == [(12.0,)]


def test_the_panel_takes_this_years_number_and_not_the_one_it_rose_from(load: Load, ask: Ask) -> None:
    said = (
        "行政机关负责人出庭应诉率由上年的92.3%提高到98.6%。",
        "出庭应诉率从2023年的91%上升至2024年的95%。",
        "出庭应诉率由90.5%升至94%。",
        "出庭应诉率较上年的92%提高1个百分点，达93%。",
        "行政处罚案件说明理由，出庭应诉率97%，上年出庭应诉率96%。",
        "出庭应诉率自2019年以来保持在99%。",
        "出庭应诉率从去年同期的80%大幅改善。",
    )
    batch = whole_batch(0, len(said))
    made = [
        looked_through(
            replace(report(number, text=("一、概述", text, "二、其他"), sections=()), publisher=f"{number}县人民政府")
        )
        for number, text in enumerate(said)
    ]
    load(replace(batch, reports=tuple(made)))
    panel = "SELECT number FROM figure_panel('出庭应诉率', unit := '%') ORDER BY publisher"
    assert ask(panel) == [(98.6,), (95.0,), (94.0,), (93.0,), (97.0,), (99.0,), (None,)]
    assert ask("SELECT is_earlier_value(w) FROM (SELECT unnest(['说明理由', '占比', '来自', '由', '率由']) AS w)") == [
        (False,), (False,), (False,), (False,), (True,)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("2024年收到行政复议申请280件，2025年收到行政复议申请300件。", 300),
        ("其中2024年收到行政复议申请280件，2025年300件。", 300),
        ("收到行政复议申请2024年为280件、2025年为300件。", 300),
        ("去年收到行政复议申请280件，今年收到行政复议申请300件。", 300),
        ("自2019年以来共收到行政复议申请1280件，其中2025年收到行政复议申请300件。", 300),
        ("收到行政复议申请300件（2024年为280件）。", 300),
        ("2024年、2025年分别收到行政复议申请280件、300件。", None),
        ("2026年拟受理行政复议申请310件。", None),
        ("2025年收到行政复议申请300件。", 300),
        ("落实《实施纲要（2020—2024年）》，收到行政复议申请300件。", 300),
        ("按照规划（2020—2024年）收到行政复议申请300件。", 300),
        ("2024年底以来行政复议申请持续增长到300件。", 300),
        ("上年结转行政复议申请20件。", 20),
        ("收到行政复议申请2024年280件，2025年300件。", 300),
        ("累计收到行政复议申请1280件，其中2025年收到行政复议申请300件。", 300),
        ("累计收到行政复议申请1280件。", None),
        ("截至2025年底，累计收到行政复议申请1280件。", None),
        ("全年累计收到行政复议申请300件。", 300),
        ("2025年，累计收到行政复议申请300件。", 300),
        ("自2016年以来，共收到行政复议申请1280件。", None),
        ("自2016年以来共收到行政复议申请1280件。", None),
        ("2025年以来，共收到行政复议申请300件。", 300),
        ("近三年，共收到行政复议申请1280件。", None),
        ("2020—2025年共收到行政复议申请1280件。", None),
        ("条例施行以来收到行政复议申请1280件。", None),
        ("下一步，力求提速，办理行政复议申请300件。", None),
    ],
)
def test_the_panel_takes_no_number_of_another_year(load: Load, ask: Ask, said: str, number: float | None) -> None:
    made = looked_through(report(0, text=("一、概述", said, "二、其他"), sections=()))
    load(replace(whole_batch(0, 1), reports=(made,)))
    panel = "SELECT number, least, greatest FROM figure_panel('行政复议申请', unit := '件')"
    assert ask(panel) == [(number, number, number)]


def test_a_rate_that_held_since_another_year_is_this_years_and_one_that_was_not_reached_is_none(
    load: Load, ask: Ask
) -> None:
    said = ("2019年以来出庭应诉率保持在99%。", "出庭应诉率未达到100%。", "出庭应诉率2024年为89%，2025年为95%。")
    made = [
        looked_through(
            replace(report(number, text=("一、概述", text, "二、其他"), sections=()), publisher=f"{number}县人民政府")
        )
        for number, text in enumerate(said)
    ]
    load(replace(whole_batch(0, len(said)), reports=tuple(made)))
    assert ask("SELECT number FROM figure_panel('出庭应诉率', unit := '%') ORDER BY publisher") == [
        (99,), (None,), (95,)
    ]  # fmt: skip


def test_what_a_disclosure_report_plans_among_its_problems_is_no_result(load: Load, ask: Ask) -> None:
    said = "五、存在的主要问题及改进情况", "培训覆盖不足，全年开展培训12次。2026年，我县将加强队伍，计划开展培训20次。"
    more = "下一步，我县要补齐短板。", "2026年，将从以下方面改进：一是健全机制；二是开展培训24次。"
    made = report(
        0,
        text=("一、概述", *said, *more),
        sections=(Section("problems", said[0], 1, 5),),
        report_type=ReportType.DISCLOSURE,
        figures=(),
    )
    load(replace(whole_batch(0, 1), reports=(looked_through(made),)))
    assert ask("SELECT number, statements FROM figure_panel('开展培训')") == [(12.0, 1)]
    assert ask("SELECT counted FROM figures WHERE is_goal(counted) ORDER BY position") == [
        ("计划开展培训",), ("将二是开展培训",)
    ]  # fmt: skip


def test_a_number_below_a_heading_that_names_two_parts_is_one_number(load: Load, ask: Ask) -> None:
    head = "二、存在的不足及下一步打算"
    said = "培训次数不足，全年开展培训12次。", "下一步，开展培训20次。"
    parts = (Section("shortcomings", head, 1, 4), Section("next_year", head, 1, 4))
    made = report(0, text=("一、概述", head, *said), sections=parts)
    load(replace(whole_batch(0, 1), reports=(looked_through(made),)))
    assert ask("SELECT number, role FROM figures WHERE origin = 'text' ORDER BY position") == [
        (12.0, "shortcomings"), (20.0, "shortcomings")
    ]  # fmt: skip
    assert ask("SELECT number, statements FROM figure_panel('开展培训')") == [(12.0, 1)]


def test_new_rules_replace_the_quantities_and_make_no_version(load: Load, ask: Ask) -> None:
    load(with_quantities())
    batch = with_quantities()
    older = tuple(replace(each, quantities=replace(quantities("共7件"), extractor="0+old")) for each in batch.reports)
    load(replace(batch, run_id="run-2", reports=older))
    assert ask("SELECT number FROM figures WHERE origin = 'text'") == [(7.0,)]
    assert ask("SELECT extractor, found FROM core_quantity_extractions") == [("0+old", 1)]
    assert ask("SELECT count(*) FROM core_versions") == [(1,)]


def test_texts_of_before_there_were_quantities_are_looked_through_once(load: Load, ask: Ask, warehouse: Path) -> None:
    load(whole_batch(0, 3))
    assert ask("SELECT count(*) FROM core_quantities") == [(0,)]
    assert find_quantities_anew(warehouse) == 3
    assert ask("SELECT DISTINCT extractor, found FROM core_quantity_extractions") == [(EXTRACTOR_VERSION, 2)]
    rows = "SELECT number, start, \"block\" FROM core_quantities WHERE document_id = 'doc-0' ORDER BY position"
    found_later = ask(rows)
    assert find_quantities_anew(warehouse) == 0
    load(replace(with_quantities(), run_id="run-2"))
    assert ask(rows) == found_later, "a text gives the same, looked through when it is read or afterwards"


def test_texts_that_other_rules_looked_through_are_looked_through_again(load: Load, ask: Ask, warehouse: Path) -> None:
    batch = with_quantities()
    older = tuple(replace(each, quantities=replace(quantities("共7件"), extractor="0+old")) for each in batch.reports)
    load(replace(batch, reports=older))
    assert find_quantities_anew(warehouse) == 1
    assert ask("SELECT number FROM figures WHERE origin = 'text' ORDER BY position") == [(120.0,), (8.0,)]
    assert ask("SELECT extractor, found FROM core_quantity_extractions") == [(EXTRACTOR_VERSION, 2)]


def test_a_text_without_a_quantity_is_not_looked_through_again(load: Load, warehouse: Path) -> None:
    batch = whole_batch(0, 1)
    load(replace(batch, reports=(report(0, text=("一、概述", "没有数字。", "二、其他"), sections=()),)))
    assert find_quantities_anew(warehouse) == 1
    assert find_quantities_anew(warehouse) == 0
