"""What a title tells, on titles written for this project in the manner of the field."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.judging.genre import TitleJudgement, judge_title
from scrapers.records import ReportType

TITLES = [
    line.split("\t") for line in (Path(__file__).parent / "titles.tsv").read_text(encoding="utf-8").splitlines()[1:]
]


def told(judgement: TitleJudgement) -> str:
    """``rule_of_law``, ``disclosure``, ``none``, or ``page`` where the page must tell."""
    if judgement.report_type is not None:
        return judgement.report_type.value
    return "page" if judgement.likely else "none"


def test_every_labelled_title_is_judged_as_labelled() -> None:
    wrong = [
        f"{title}: {told(judged)} ({judged.reason}), labelled {label} ({note})"
        for title, label, note in TITLES
        if told(judged := judge_title(title)) != label
    ]
    assert not wrong, "\n".join(wrong)


def test_the_labelled_titles_are_many_and_of_every_label() -> None:
    assert len(TITLES) >= 450
    assert len({title for title, _, _ in TITLES}) == len(TITLES)
    for label, least in (("rule_of_law", 120), ("disclosure", 80), ("none", 180), ("page", 15)):
        assert sum(each == label for _, each, _ in TITLES) >= least


def test_every_judgement_gives_a_reason_that_names_its_place() -> None:
    for title, _, _ in TITLES:
        judged = judge_title(title)
        assert judged.reason.startswith("title: ")
        assert judged.likely or judged.report_type is None


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("关于印发浦江县2022年法治政府建设工作要点的通知", "title: 工作要点"),
        ("【文字解读】《青溪县人民政府关于2023年法治政府建设情况的报告》文件解读", "title: 解读"),
        ("法治政府建设实施方案", "title: 方案"),
        ("青溪县法治政府示范创建工作报告", "title: 示范创建"),
        ("平川市法治政府建设白皮书", "title: 白皮书"),
        ("某县2025年度法治政府建设情况报告", "title: anonymous place"),
        ("2023年上半年法治政府建设工作总结", "title: 上半年"),
        ("司法部发布2023年法治政府建设年度报告", "title: news of a report"),
        ("关于报送2023年法治政府建设年度报告的通知", "title: 报送"),
        ("2023年高考招生政策", "title: names no annual report"),
    ],
)
def test_a_rejection_names_the_term(title: str, reason: str) -> None:
    assert judge_title(title) == TitleJudgement(None, False, reason)


@pytest.mark.parametrize(
    "publisher",
    [
        "自然资源和规划局",
        "督查考核办公室",
        "审计局",
        "教育考试评估中心",
        "边防检查站",
        "机构编制委员会办公室",
        "四季青镇",
    ],
)
def test_a_publishers_own_name_rejects_nothing(publisher: str) -> None:
    assert judge_title(f"{publisher}2023年法治政府建设年度报告").report_type is ReportType.RULE_OF_LAW
    assert judge_title(f"{publisher}2023年政府信息公开工作年度报告").report_type is ReportType.DISCLOSURE


def test_a_notice_may_carry_the_report_and_is_fetched() -> None:
    judged = judge_title("关于印发青溪县2023年法治政府建设年度报告的通知")
    assert judged == TitleJudgement(
        ReportType.RULE_OF_LAW, True, "title: 法治政府建设年度报告, carried by a notice or letter"
    )


def test_a_title_that_names_nothing_is_fetched_in_a_column_of_reports_only() -> None:
    for title in ("关于2025年有关情况的报告", "渝中区", "2023年度", "石桥镇人民政府"):
        assert not judge_title(title).likely
        judged = judge_title(title, column_name="法治政府建设年度报告", report_types=[ReportType.RULE_OF_LAW])
        assert (judged.report_type, judged.likely) == (ReportType.RULE_OF_LAW, True)
    both = judge_title("2023年度报告", report_types=[ReportType.RULE_OF_LAW, ReportType.DISCLOSURE])
    assert (both.report_type, both.likely) == (None, True)


def test_a_title_that_names_something_else_is_not_fetched_even_there() -> None:
    for title in ("2023年法律援助工作情况", "县司法局开展宪法宣传", "2023年度民生实事完成情况报告"):
        judged = judge_title(title, column_name="法治政府建设年度报告", report_types=[ReportType.RULE_OF_LAW])
        assert not judged.likely, title


def test_a_column_of_reports_does_not_make_its_notices_reports() -> None:
    judged = judge_title(
        "关于印发浦江县2022年法治政府建设工作要点的通知",
        column_name="法治政府建设报告",
        report_types=[ReportType.RULE_OF_LAW],
    )
    assert judged == TitleJudgement(None, False, "title: 工作要点")


def test_the_columns_name_settles_what_the_title_leaves_open() -> None:
    title = "2021年依法行政工作报告"
    assert told(judge_title(title)) == "page"
    assert judge_title(title, column_name="法治政府建设年度报告").report_type is ReportType.RULE_OF_LAW


def test_titles_of_the_handbooks_columns(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "handbook/real_columns.jsonl").read_text("utf-8").splitlines()]
    names = {"法治政府建设年度报告": ReportType.RULE_OF_LAW, "政府信息公开工作年度报告": ReportType.DISCLOSURE}
    judged = 0
    for row in rows:
        title = re.sub(r"\[title unverified\]", "", row["title"]).strip()
        if row["kind"] != "detail" or "breadcrumb" in title or not re.search("报告|情况|解读|目录|要点|指引", title):
            continue
        expected = None if "发布" in title else names.get(row["report_type"])
        assert judge_title(title).report_type is expected, title
        judged += 1
    assert judged >= 45


@given(
    st.sampled_from(TITLES),
    st.lists(st.sampled_from([" ", "\u3000", "\u00a0", "\u200b", "\ufeff"]), max_size=6),
    st.data(),
)
def test_white_space_changes_no_judgement(row: list[str], blanks: list[str], data: st.DataObject) -> None:
    title = row[0]
    spaced = title
    for blank in blanks:
        at = data.draw(st.integers(0, len(spaced)))
        spaced = spaced[:at] + blank + spaced[at:]
    assert judge_title(spaced) == judge_title(title)


@given(st.text(alphabet="法治政府建设信息公开工作年度报告情况的关于2023（）《》-_、及和通知某", max_size=120))
def test_any_title_is_judged(title: str) -> None:
    assert told(judge_title(title)) in {"rule_of_law", "disclosure", "none", "page"}


@given(
    st.sampled_from(["法治政府建设", "政府信息公开", "法治政府建设年度报告", "法治政府建设情况和"]),
    st.lists(
        st.sampled_from(
            ["2023年", "(2023)", "2023", "年度", "工作", "情况", "推进", "市局", "报告", "一", "依法行政", "、", "的"]
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(1, 90),
)
def test_no_title_takes_long(start: str, pieces: list[str], times: int) -> None:
    before = time.process_time()
    judge_title(start + "".join(pieces) * times + "通")
    assert time.process_time() - before < 1.0
