"""The statutory parts of a report are found whatever their order and numbering."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.reading.sections import heading, missing_parts, sections
from scrapers.records import Block, ReportType
from tests.reading.plain_text import blocks_of

RULE_OF_LAW, DISCLOSURE = ReportType.RULE_OF_LAW, ReportType.DISCLOSURE
BODY = "全县各部门坚持依法行政，各项工作有序开展，取得了实实在在的进步。"


def roles(text: str, report_type: ReportType = RULE_OF_LAW) -> list[str]:
    return [section.role for section in sections(blocks_of(text), report_type)]


def report(*heads: str) -> str:
    return "\n".join(line for head in heads for line in (head, BODY))


@pytest.mark.parametrize(
    "heads",
    [
        (
            "一、主要举措和成效",
            "二、存在的不足和原因",
            "三、党政主要负责人履行推进法治建设第一责任人职责情况",
            "四、下一年度主要安排",
        ),
        ("（一）主要做法", "（二）存在问题", "（三）履行第一责任人职责情况", "（四）2025年工作思路"),
        ("1.主要工作情况", "2.存在的困难和问题", "3.主要负责人履行法治建设职责情况", "4.下一步工作打算"),
        ("第一部分 工作开展情况", "第二部分 不足之处", "第三部分 第一责任人职责履行情况", "第四部分 今后努力方向"),
        ("主要举措和成效", "存在的不足", "党政主要负责人履行第一责任人职责情况", "2025年工作计划"),
        (
            "一、2024年主要舉措和成效",
            "二、存在的問題短板",
            "三、黨政主要負責人履行推進法治建設第一責任人職責情況",
            "四、2025年工作安排",
        ),
    ],
    ids=["一、", "（一）", "1.", "第一部分", "bare", "Traditional"],
)
def test_every_numbering_parts_a_report(heads: tuple[str, ...]) -> None:
    assert roles(report(*heads)) == ["measures", "shortcomings", "leaders_duty", "next_year"]


def test_the_order_of_the_page_is_kept() -> None:
    text = report("一、党政主要负责人履行推进法治建设第一责任人职责情况", "二、主要举措和成效", "三、存在的不足")
    assert roles(text) == ["leaders_duty", "measures", "shortcomings"]


def test_a_heading_may_run_into_its_paragraph() -> None:
    text = f"一、主要举措和成效。2024年，{BODY}\n二、存在的问题：一是力量不足。\n三、下一步工作打算。{BODY}"
    found = sections(blocks_of(text), RULE_OF_LAW)
    assert [(section.role, section.heading) for section in found] == [
        ("measures", "一、主要举措和成效"),
        ("shortcomings", "二、存在的问题"),
        ("next_year", "三、下一步工作打算"),
    ]


def test_sections_reach_to_the_next_heading_and_cover_the_rest() -> None:
    blocks = blocks_of("前言。\n" + report("一、主要举措和成效", "二、存在的不足"))
    first, second = sections(blocks, RULE_OF_LAW)
    assert (first.start, first.end) == (1, 3)
    assert (second.start, second.end) == (3, 5)


def test_a_duty_told_inside_another_part_is_no_part_of_its_own() -> None:
    text = "\n".join(
        [
            "一、主要举措和成效",
            "（一）落实第一责任人职责",
            BODY,
            "（二）规范执法",
            BODY,
            "二、存在的不足",
            BODY,
            "三、下一步打算",
            BODY,
        ]
    )
    assert roles(text) == ["measures", "shortcomings", "next_year"]


def test_parts_outrank_the_chapters_inside_them() -> None:
    text = "\n".join(
        [
            "第一部分 主要举措",
            "一、存在问题的整改情况",
            BODY,
            "二、工作成效",
            BODY,
            "第二部分 存在的不足",
            BODY,
            "第三部分 下一步安排",
            BODY,
        ]
    )
    assert roles(text) == ["measures", "shortcomings", "next_year"]


def test_one_heading_may_open_two_parts() -> None:
    text = report("一、主要举措和成效", "二、存在的问题及下一步工作打算")
    found = sections(blocks_of(text), RULE_OF_LAW)
    assert [(section.role, section.start, section.end) for section in found] == [
        ("measures", 0, 2),
        ("shortcomings", 2, 4),
        ("next_year", 2, 4),
    ]


def test_headings_named_for_their_subjects_are_the_measures() -> None:
    text = report("一、加强党的全面领导", "二、深化行政执法改革", "三、存在的不足", "四、下一步工作安排")
    found = sections(blocks_of(text), RULE_OF_LAW)
    assert [(section.role, section.start, section.end) for section in found] == [
        ("measures", 0, 4),
        ("shortcomings", 4, 6),
        ("next_year", 6, 8),
    ]


def test_measures_of_a_later_year_are_the_plan() -> None:
    assert roles(report("一、2023年主要举措", "二、存在的不足", "三、2024年主要举措")) == [
        "measures",
        "shortcomings",
        "next_year",
    ]


@pytest.mark.parametrize(
    ("head", "role"),
    [
        ("一、2023年重点工作完成情况", ["measures"]),
        ("三、坚持问题导向，深化执法改革成效", ["measures"]),
        ("四、下一步工作举措", ["next_year"]),
        ("三、存在的问题和改进措施", ["shortcomings"]),
        ("二、主要成效和存在问题", ["measures", "shortcomings"]),
        ("㈡ 存在的不足", ["shortcomings"]),
        ("五、其他需要报告的情况", ["other"]),
    ],
)
def test_the_words_of_a_heading_tell_its_part(head: str, role: list[str]) -> None:
    assert roles(f"{head}\n{BODY}") == role


def test_two_plans_of_two_years_are_what_was_done_and_what_comes() -> None:
    assert roles(report("一、2023年重点工作", "二、存在的不足", "三、2024年重点工作")) == [
        "measures",
        "shortcomings",
        "next_year",
    ]


@pytest.mark.parametrize("gap", ["（一）加强党的领导，", "　2023年，", "。2023年，"])
def test_a_heading_ends_where_its_paragraph_begins(gap: str) -> None:
    text = f"一、主要举措和成效{gap}{BODY * 3}\n二、存在的不足{gap}{BODY * 3}"
    assert [section.heading for section in sections(blocks_of(text), RULE_OF_LAW)] == [
        "一、主要举措和成效",
        "二、存在的不足",
    ]


def test_a_table_of_contents_opens_no_part() -> None:
    contents = "\n".join(["一、主要举措和成效", "二、存在的不足", "三、下一步工作安排"])
    assert roles(contents + "\n" + report("一、主要举措和成效", "二、存在的不足", "三、下一步工作安排")) == [
        "measures",
        "shortcomings",
        "next_year",
    ]


def test_the_six_parts_of_a_disclosure_report() -> None:
    heads = (
        "一、总体情况",
        "二、主动公开政府信息情况",
        "三、收到和处理政府信息公开申请情况",
        "四、因政府信息公开工作被申请行政复议、提起行政诉讼情况",
        "五、存在的主要问题及改进情况",
        "六、其他需要报告的事项",
    )
    found = sections(blocks_of(report(*heads)), DISCLOSURE)
    assert [section.role for section in found] == [
        "overview",
        "proactive",
        "applications",
        "review_litigation",
        "problems",
        "other",
    ]
    assert missing_parts(found, DISCLOSURE) == ()


def test_rows_of_a_table_are_no_headings() -> None:
    blocks = [
        Block("heading", "一、总体情况"),
        Block("paragraph", BODY),
        Block("heading", "三、收到和处理政府信息公开申请情况"),
        Block("table", "一、本年新收政府信息公开申请数量\t3\n四、结转下年度继续办理\t0", table=0),
        Block("heading", "四、行政复议、行政诉讼情况"),
    ]
    assert [section.role for section in sections(blocks, DISCLOSURE)] == [
        "overview",
        "applications",
        "review_litigation",
    ]


def test_missing_parts_are_named() -> None:
    found = sections(blocks_of(report("一、主要举措和成效", "二、下一步工作安排")), RULE_OF_LAW)
    assert missing_parts(found, RULE_OF_LAW) == ("shortcomings", "leaders_duty")
    assert missing_parts((), None) == ()


def test_a_text_without_parts_or_without_a_genre_has_none() -> None:
    assert roles(BODY) == []
    assert sections(blocks_of(report("一、主要举措", "二、存在的不足")), None) == ()


@pytest.mark.parametrize(
    ("line", "level", "words"),
    [
        ("一、 概述", 1, "概述"),
        ("第二部分　存在问题", 0, "存在问题"),
        ("（三） 行政诉讼情况", 2, "行政诉讼情况"),
        ("3.积极推进。以争创示范为目标", 3, "积极推进"),
        ("2.5万人次参加活动", None, None),
        ("一是强化顶层设计。", None, None),
        ("2023年，全县坚持依法行政。", None, None),
        ("一、本年新收\t3", None, None),
        ("", None, None),
    ],
)
def test_headings_are_told_from_sentences(line: str, level: int | None, words: str | None) -> None:
    found = heading(line)
    assert (found.level if found else None, found.words if found else None) == (level, words)


def test_the_parts_of_the_seed_texts(shared: Path) -> None:
    expected = {
        "001_386134580bdd984c": ["measures", "shortcomings", "next_year"],
        "002_ba4944a34017d7ad": ["measures", "shortcomings", "next_year"],
        "003_a3f4c3cd9186b897": ["measures", "leaders_duty", "shortcomings", "next_year"],
        "000_cc6b870458d501f1": ["measures", "shortcomings", "leaders_duty", "next_year"],
        "004_792da14015cee4b9": [],
    }
    for name, parts in expected.items():
        assert roles((shared / "seeds" / "text" / f"{name}.txt").read_text("utf-8")) == parts, name


@given(st.lists(st.text(alphabet="一二三、（）()1.第部分主要举措问题下步安排。\t年 ", max_size=30), max_size=12))
def test_sections_lie_in_the_text_and_in_order(lines: list[str]) -> None:
    blocks = [Block("paragraph", line) for line in lines]
    for report_type in ReportType:
        found = sections(blocks, report_type)
        assert all(0 <= section.start < section.end <= len(blocks) for section in found)
        assert [section.start for section in found] == sorted(section.start for section in found)
