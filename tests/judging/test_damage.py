"""Lost numbers, years and brackets; and nothing where a unit is a word of its own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrapers.judging.damage import damage_flags


def snippets(text: str) -> list[str]:
    flags = damage_flags(text)
    assert all(flag.name == "damaged_text" for flag in flags)
    return [flag.evidence for flag in flags]


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        ("建立信息共享机制,公开投诉举报电线%。推行监督员制度。", "公开投诉举报电线%"),
        ("按周监控、按月调度还款进度情况。认线万元。支持检察机关", "认线万元"),
        ("全年办理行政复议案件件，审结率提高。", "全年办理行政复议案件件"),
        ("出庭应诉率达到%，比上年提高。", "出庭应诉率达到%"),
        ("出庭应诉率达到 ％，比上年提高。", "出庭应诉率达到 ％"),
        ("清理拖欠账款，共支付亿元。", "共支付亿元"),
        ("召开常务会议次，研究法治工作。", "召开常务会议次"),
        ("收到政府信息公开申请件，均已答复。", "收到政府信息公开申请件"),
        ("惠及群众万人次。成效明显。", "惠及群众万人次"),
        ("调解纠纷，其中审结余件，", "其中审结余件"),
        ("取消行政许可，共计项。", "共计项"),
        ("落实国办函〔202130，做好报告。", "落实国办函〔202130"),
        ("根据国办发201747号要求，", "根据国办发201747号"),
        ("《法治政府建设实施纲要(20212025年)》", "20212025年"),
        ("《法治政府建设实施纲要（20212025）》", "法治政府建设实施纲要（20212025）"),
        ("《法治政府建设实施纲要（—年）》", "法治政府建设实施纲要（—年）"),
        ("依据国务院令第号，", "依据国务院令第号"),
        ("统计期限自年月日起，", "统计期限自年月日"),
        ("截至2023年月底，", "截至2023年月底"),
        ("青政发〔〕号文件，", "青政发〔〕号"),
    ],
)
def test_what_is_lost_is_found_with_its_clause(text: str, snippet: str) -> None:
    assert snippets(text) == [snippet]


@pytest.mark.parametrize(
    "text",
    [
        "每件必复，几次协调，多次约谈，首次实现，再次督办，一件事，案件、文件、条件、层次、批次、人次。",
        "处以十万元以下罚款，数百万元，近万元，逾亿元，上亿元，若干万元，每万元，五十万元。",
        "亿元以上项目开工，万元地区生产总值能耗下降，新增亿元产业集群，培育亿元村。",
        "收到15564件咨询投诉件，督办件、信访件、急办件均已办结。",
        "提供活动场次、服务人次、满意度等数据，清理项、保留项逐一公布。",
        "单位：件、次、万元、%，计量单位为万元。",
        "事事有着落，件件有回音，件件抓落实。",
        "下降3.8 %，增长５％，达９８．６％，占比百分之五。",
        "共有人、公共家具、节约、公约、预约，签约项目。",
        "（国办公开办函〔2021〕30号）、国办发〔2017〕47号、〔2021-30号〕。",
        "自2023年1月1日起至2023年12月31日止，出生年月日、截至年底。",
        "行政应诉案件，复议案件；信件，邮件，证件，稿件，函件，要件，即办件。",
    ],
)
def test_units_that_are_words_are_left_alone(text: str) -> None:
    assert snippets(text) == []


def test_a_lost_date_under_a_signature_is_found_and_a_number_elsewhere_is_not() -> None:
    assert snippets("特此报告。\n青溪县人民政府\n20151214") == ["20151214"]
    assert snippets("特此报告。\n青溪县人民政府办公室\n202091") == ["202091"]
    assert snippets("青溪县人民政府\n2015年12月14日") == []
    assert snippets("经研究决定，现予公布。\n20151214") == ["20151214"]
    assert snippets("编号\n20151214\n甲\n乙\n丙\n丁") == []
    assert snippets("合计\n202091") == []
    assert snippets("青溪县人民政府\n20151399") == []


def test_tables_are_not_read_for_missing_numbers() -> None:
    assert snippets("指标\t单位\t增长%，同比\n项目 | 增长% | 备注，\n同比增长%\n处罚金额万元") == []


def test_a_snippet_is_flagged_once_however_often_it_occurs() -> None:
    assert snippets("达到%，达到%，达到%。") == ["达到%"]


def test_the_damaged_seed_gives_exactly_its_two_places_and_the_genuine_ones_none(shared: Path) -> None:
    found = {}
    for file in (shared / "seeds/text").glob("*.txt"):
        found[file.name[:3]] = snippets(file.read_text(encoding="utf-8"))
    assert found.pop("004") == ["公开投诉举报电线%", "认线万元"]
    assert found == {"000": [], "001": [], "002": [], "003": []}


def test_no_annotated_page_is_called_damaged(shared: Path) -> None:
    files = list((shared / "pages/text").glob("*.txt"))
    assert len(files) >= 28
    for file in files:
        assert snippets(file.read_text(encoding="utf-8")) == [], file.name


@given(st.integers(1, 99_999), st.sampled_from(["件", "次", "个", "项", "人次", "万元", "%", "家"]))
def test_a_number_before_its_unit_is_never_damage(number: int, unit: str) -> None:
    assert snippets(f"全年共办理案件，审结案件{number}{unit}，共计{number}{unit}。") == []


@given(st.text(alphabet="案件次个项万元%〔〕（）—年月日19202，。共达到\n\t 法治", max_size=200))
@example("0\n〔〕")
def test_every_snippet_stands_in_the_text(text: str) -> None:
    for snippet in snippets(text):
        assert snippet in text


def test_a_huge_page_of_one_line_is_read_quickly() -> None:
    start = time.process_time()
    assert snippets("达到%，" * 50_000) == ["达到%"]
    assert time.process_time() - start < 5
