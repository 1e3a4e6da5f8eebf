"""The report year is found with its reason, or not at all."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.reading.years import YearJudgement, normalise_years, report_year
from scrapers.records import ReportType

RULE_OF_LAW, DISCLOSURE = ReportType.RULE_OF_LAW, ReportType.DISCLOSURE
FILLER = "全县各部门坚持依法行政，深入学习贯彻习近平法治思想，各项工作有序开展，取得了实实在在的进步。"


def judged(
    title: str | None = None,
    text: str = "",
    *,
    published: date | None = None,
    report_type: ReportType | None = RULE_OF_LAW,
    listed_title: str | None = None,
) -> YearJudgement:
    return report_year(title=title, text=text, report_type=report_type, published=published, listed_title=listed_title)


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("2022年浦江县法治政府建设工作报告", 2022),
        ("云南省人民政府关于 2018 年度法治政府建设情况的报告", 2018),
        ("２０２３年度法治政府建设情况报告", 2023),
        ("二○一二年政府信息公开工作年度报告", 2012),
        ("二〇二〇年度法治政府建设报告", 2020),
        ("(2024年)滨江区法治政府建设年度报告", 2024),
        ("某县2024法治政府建设年度报告", 2024),
        ("遂府〔2025〕3号 遂宁市人民政府关于2024年法治政府建设工作情况的报告", 2024),
        ("2024年法治政府建设工作总结和2025年工作计划", 2024),
        ("贯彻落实《法治政府建设实施纲要（2021-2025年）》2023年度工作情况报告", 2023),
        ("2024年法治政府建设工作安排落实情况的报告", 2024),
        ("社会事业局关于2022年法治工作情况暨2023年工作要点的报告", 2022),
    ],
)
def test_the_title_states_the_year(title: str, year: int) -> None:
    found = judged(title)
    assert (found.year, found.reason, found.flags) == (year, f"title: {year}年", ())


@pytest.mark.parametrize(
    "title",
    [
        "法治政府建设年度报告 000014349/2017-00110",
        "法治政府建设年度报告（县府办〔2025〕3号）",
        "2025年法治政府建设工作安排和上一年度报告",
        "关于落实《法治政府建设实施纲要（2021－2025年）》的报告",
        "2026-02-00018 法治政府建设年度报告",
    ],
)
def test_index_numbers_document_numbers_and_cited_plans_state_none(title: str) -> None:
    assert judged(title).year is None


@pytest.mark.parametrize(
    "title",
    ["2014-2019年苏州市法治政府建设白皮书", "法治政府建设情况（2016年—2020年）", "区五年来法治政府建设情况报告"],
)
def test_a_review_of_several_years_has_no_report_year_and_says_so(title: str) -> None:
    found = judged(title)
    assert found.year is None
    assert [flag.name for flag in found.flags] == ["multi_year"]


def test_the_list_helps_where_the_page_is_silent() -> None:
    found = judged("法治政府建设年度报告", listed_title="浦江县2021年法治政府建设年度报告")
    assert (found.year, found.reason) == (2021, "listed title: 2021年")


def test_a_disclosure_report_is_of_its_period_first() -> None:
    text = f"本报告所列数据的统计期限自2025年1月1日起至2025年12月31日止。{FILLER}"
    found = judged("2025年政府信息公开工作年度报告", text, report_type=DISCLOSURE, published=date(2026, 1, 27))
    assert (found.year, found.reason) == (2025, "period: 2025年1月1日起至2025年12月31日")


@pytest.mark.parametrize(
    "sentence",
    [
        "本报告统计期限为2024年1月1日至12月31日。",
        "数据统计期限自 2024 年 1 月 1 日起，至 2024 年 12 月 31 日止。",
        "统计时间：２０２４年１月１日—１２月３１日。",
    ],
)
def test_a_period_may_be_written_in_many_ways(sentence: str) -> None:
    assert judged(None, sentence, report_type=DISCLOSURE).year == 2024


def test_a_contradiction_between_period_and_title_is_flagged() -> None:
    text = "本报告统计期限自2023年1月1日起至2023年12月31日止。"
    found = judged("2024年政府信息公开工作年度报告", text, report_type=DISCLOSURE)
    assert found.year == 2023
    assert [flag.name for flag in found.flags] == ["year_conflict"]
    assert "2024" in found.flags[0].evidence


def test_a_heading_states_the_year() -> None:
    text = f"今年以来，{FILLER}\n一、2024年主要举措和成效\n{FILLER}\n四、2025年推进法治政府建设工作主要安排\n{FILLER}"
    found = judged("滨江区法治政府建设年度报告", text, published=date(2025, 2, 6))
    assert (found.year, found.reason) == (2024, "heading: 一、2024年主要举措和成效")
    assert {(one.year, one.origin) for one in found.candidates} == {(2024, "heading"), (2024, "plan"), (2024, "body")}


def test_this_year_is_read_with_the_day_of_publication() -> None:
    text = f"今年以来，{FILLER}"
    assert (
        judged("法治政府建设年度报告", text, published=date(2025, 2, 6)).reason
        == "body: 今年以来, published 2025-02-06"
    )
    assert judged("法治政府建设年度报告", text, published=date(2025, 2, 6)).year == 2024
    assert judged("法治政府建设年度报告", text, published=date(2025, 12, 20)).year == 2025
    assert judged("法治政府建设年度报告", text, published=date(2025, 8, 1)).year is None
    assert judged("法治政府建设年度报告", text).year is None


def test_next_years_plan_is_never_the_report_year() -> None:
    text = f"一、主要举措和成效\n{FILLER}\n三、2023年度法治政府建设工作思路\n{FILLER}"
    found = judged("法治政府建设工作报告", text)
    assert (found.year, found.reason) == (2022, "plan: 三、2023年度法治政府建设工作思路")


def test_the_opening_sentence_states_the_year_but_a_date_does_not() -> None:
    assert judged(None, f"2022年，浦江县{FILLER}").year == 2022
    assert judged(None, f"根据要求，现将我局2022年度法治政府建设情况报告如下，请予审阅。{FILLER}").year == 2022
    assert judged(None, f"2022年3月17日，高新区党工委会传达学习有关会议精神，{FILLER}").year is None
    assert judged(None, f"《法治政府建设实施纲要（2021-2025年）》印发以来，我县{FILLER}").year is None


def test_the_head_of_a_statistics_table_states_the_year() -> None:
    text = f"{FILLER}\n指标名称\t计量单位\t2018年度\t历年累计\n主动公开文件数\t条\t2069\t12106"
    assert judged("政府信息公开年度报告", text, report_type=DISCLOSURE).year == 2018


def test_a_title_that_names_the_year_of_publication_needs_the_text_behind_it() -> None:
    title, early, late = "2025年法治政府建设年度报告", date(2025, 3, 1), date(2025, 12, 25)
    corrected = judged(title, f"一、2024年主要举措和成效\n{FILLER}", published=early)
    assert (corrected.year, [flag.name for flag in corrected.flags]) == (2024, ["year_conflict"])
    confirmed = judged(title, f"2025年，我县{FILLER}", published=early)
    assert (confirmed.year, confirmed.flags) == (2025, ())
    open_ = judged(title, FILLER, published=early)
    assert (open_.year, [flag.name for flag in open_.flags]) == (None, ["year_conflict"])
    assert judged(title, FILLER, published=late).year == 2025


def test_nothing_stated_is_nothing_guessed() -> None:
    text = f"近年来，和平区{FILLER}\n扎实推进《法治政府建设实施纲要(2021—2025年)》部署的各项任务，{FILLER}"
    for report_type in (RULE_OF_LAW, None):
        assert (
            judged("以高水平法治护航高质量发展", text, published=date(2024, 11, 28), report_type=report_type).year
            is None
        )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("二○一二年二月", "2012年二月"),
        ("一九九八年", "1998年"),
        ("2 0 1 8 年度", "2018年度"),
        ("2018 年 3 月", "2018年3月"),
        ("二十一世纪", "二十一世纪"),
        ("第二〇一条", "第二〇一条"),
    ],
)
def test_years_are_read_in_every_script(written: str, read: str) -> None:
    assert normalise_years(written) == read


@given(
    st.integers(2004, 2030),
    st.sampled_from(["年", " 年度", "年度"]),
    st.sampled_from(["浦江县", "余杭区司法局", "关于"]),
)
def test_any_year_in_a_title_is_found(year: int, unit: str, place: str) -> None:
    assert judged(f"{place}{year}{unit}法治政府建设情况的报告").year == year


@given(st.text(max_size=200), st.text(max_size=400), st.dates(date(2008, 1, 1), date(2030, 1, 1)))
def test_any_text_gives_a_year_of_a_candidate_or_none(title: str, text: str, published: date) -> None:
    for report_type in (*ReportType, None):
        found = judged(title, text, published=published, report_type=report_type)
        assert found.year is None or found.year in {one.year for one in found.candidates}
        assert found.reason
