"""What a host's texts teach: its furniture, and never what its reports repeat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.learning import learn_from, without_common
from scrapers.records import HeldText, Removal

FURNITURE = "清河融媒出品让阅读成为习惯"


def own(year: int) -> str:
    return f"{year}年全县办结行政复议案件{year % 97}件，制定行政规范性文件{year % 13}件。"


def held(*lines: str, container: str = "#zoom", years: range = range(2017, 2025)) -> list[HeldText]:
    """The same lines every year around the year's own; ``...`` stands for these."""
    return [HeldText(container, "\n".join(own(year) if line == "..." else line for line in lines)) for year in years]


def learned(texts: list[HeldText]) -> list[tuple[str, str]]:
    return [(one.rule.where, one.rule.line) for one in learn_from(texts)]


def test_a_line_after_the_last_sentence_of_every_page_is_learned() -> None:
    assert learned(held("...", "...", FURNITURE)) == [("tail", FURNITURE)]
    assert learned(held(FURNITURE, "...", "...")) == [("head", FURNITURE)]


@pytest.mark.parametrize(
    "line",
    [
        "一、主要举措和成效",
        "主要举措和成效",
        "（二）深化放管服改革",
        "下一步工作打算",
        "其他需要报告的事项",
        "本年度没有其他需要报告的事项",
        "无其他情况",
        "清河县人民政府",
        "2025年1月20日",
        "（此件公开发布）",
        "联系地址河北省清河县长江东街1号",
        "签发人：张三",
        "附件：统计表",
        "项目\t本年制发件数\t现行有效件数",
        "分享",
        "清河县法治政府建设年度报告",
        "特此报告。",
    ],
)
@pytest.mark.parametrize("place", ["head", "tail"])
def test_what_reports_repeat_is_not_learned(line: str, place: str) -> None:
    texts = held("...", "...", line) if place == "tail" else held(line, "...", "...")
    assert learned(texts) == []


def test_a_heading_of_the_publishers_own_is_not_learned() -> None:
    assert learned(held("...", "依法履职勇担当", "...")) == []


def test_a_line_that_stands_inside_one_report_is_not_learned_from_the_others() -> None:
    inside = HeldText("#zoom", f"{own(2016)}\n{FURNITURE}\n{own(2015)}")
    assert learned([*held("...", "...", FURNITURE), inside]) == []


def test_a_line_that_other_hosts_have_too_is_the_genres() -> None:
    rules = learn_from(held("...", "...", FURNITURE))
    assert without_common({"a.test": rules}, {FURNITURE: {"a.test"}}) == {"a.test": rules}
    assert without_common({"a.test": rules}, {FURNITURE: {"a.test", "b.test"}}) == {"a.test": ()}
    assert without_common({"a.test": rules}, {}) == {"a.test": rules}, "on its own host it may be cut from every text"


def test_each_kind_of_container_is_learned_from_on_its_own() -> None:
    texts = held("...", "...", FURNITURE, years=range(2020, 2025))
    others = held("...", "...", container=".TRS_Editor", years=range(2000, 2020))
    assert learned(texts + others) == [("tail", FURNITURE)]


def test_a_rule_does_not_unlearn_itself_by_what_it_cut() -> None:
    text = "\n".join((own(2016), own(2015)))
    cut = [HeldText("#zoom", text, (Removal("learned:1", "\n" + FURNITURE, len(text)),)) for _ in range(4)]
    assert learned(cut) == [("tail", FURNITURE)]


@given(st.lists(st.lists(st.text(alphabet="法治。；\t \n一、（）x", max_size=12), max_size=12), max_size=8))
def test_nothing_learned_is_a_sentence_a_row_or_a_heading(pages: list[list[str]]) -> None:
    for _, line in learned([HeldText("density", "\n".join(lines)) for lines in pages]):
        assert not set(line) & set("。；\t")
        assert len(line) >= 4
