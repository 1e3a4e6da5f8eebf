"""Joint, government, department and People's-Congress editions are told apart by what makes them so, with evidence."""

from __future__ import annotations

import pytest

from scrapers.judging.edition import judge_edition
from scrapers.judging.publisher import PublisherJudgement
from scrapers.records import Draft, Edition, Level, PageKind

BODY = "2024年，全区坚持以习近平法治思想为指导，区委、区政府高度重视，主动向区人大常委会报告法治政府建设情况。"


def publisher(level: Level | None = Level.COUNTY, name: str = "安居区人民政府") -> PublisherJudgement:
    return PublisherJudgement(name if level else None, "510904", None, level, "registry", "registry")


def edition(
    title: str = "2024年度法治政府建设工作的报告",
    text: str = BODY,
    level: Level | None = Level.COUNTY,
    metadata: dict[str, str] | None = None,
    source: str | None = None,
) -> tuple[Edition | None, str | None]:
    draft = Draft("http://a.gov.cn/1", PageKind.DOCUMENT, title, text=text, metadata=metadata or {}, source=source)
    found = judge_edition(draft, title, publisher(level))
    return found.edition, found.reason


@pytest.mark.parametrize(
    ("opening", "evidence"),
    [
        ("市人大常委会：\n" + BODY, "市人大常委会："),
        ("遂府〔2025〕3号\n遂宁市人民代表大会常务委员会:\n" + BODY, "遂宁市人民代表大会常务委员会:"),
        (
            "主任、各位副主任、秘书长、各位委员：\n我受市人民政府委托，现报告如下。",
            "主任、各位副主任、秘书长、各位委员：",
        ),
        (
            "我受市人民政府的委托，现就2024年度法治政府建设情况向市人大常委会作如下报告，请予审议。",
            "受市人民政府的委托，现就2024年度法治政府建设情况向市人大常委会作如下报告",
        ),
        ("根据会议安排，现向县人大常委会报告如下：\n" + BODY, "现向县人大常委会报告如下"),
        (
            "——2025年3月28日在平川市第十届人大常委会第二十次会议上\n" + BODY,
            "——2025年3月28日在平川市第十届人大常委会第二十次会议",
        ),
        ("市人大常委會：\n" + BODY, "市人大常委会："),
    ],
)
def test_a_report_addressed_to_the_peoples_congress_is_its_edition(opening: str, evidence: str) -> None:
    assert edition(text=opening) == (Edition.PEOPLES_CONGRESS, f"text: {evidence}")


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        "市委、市人大常委会、市政府：\n" + BODY,
        "现将2024年度情况向市委、市人大常委会、市政府报告如下：\n" + BODY,
        "自觉接受监督。向市人大常委会报告法治政府建设情况，办理代表建议120件。",
        "一、主要举措\n" + BODY * 12 + "\n市人大常委会：",
    ],
)
def test_a_report_that_only_speaks_of_the_peoples_congress_is_the_public_one(text: str) -> None:
    assert edition(text=text) == (Edition.GOVERNMENT, "publisher: 安居区人民政府")


@pytest.mark.parametrize(
    ("title", "evidence"),
    [
        (
            "中共遂宁市安居区委 遂宁市安居区人民政府关于2024年度法治政府建设工作的报告",
            "中共遂宁市安居区委遂宁市安居区人民政府",
        ),
        ("中共淮北市烈山区委烈山区人民政府关于2024年法治政府建设情况的报告", "中共淮北市烈山区委烈山区人民政府"),
        ("中共白河区委、白河区人民政府关于2022年法治政府建设情况的报告", "中共白河区委、白河区人民政府"),
        ("平昌县委县政府2023年法治政府建设年度报告", "平昌县委县政府"),
        (
            "中共高新区工作委员会 高新区管理委员会关于2023年法治政府建设情况的报告",
            "中共高新区工作委员会高新区管理委员会",
        ),
        ("笔山镇党委、笔山镇人民政府2022年法治政府建设报告", "笔山镇党委、笔山镇人民政府"),
    ],
)
def test_a_report_of_committee_and_government_is_joint(title: str, evidence: str) -> None:
    assert edition(title) == (Edition.JOINT, f"title: {evidence}")


def test_the_joint_publishers_may_stand_in_the_table_the_head_or_the_signature() -> None:
    both = "中共安居区委 安居区人民政府"
    assert edition(metadata={"发布机构": both})[1] == "table: 中共安居区委安居区人民政府"
    assert edition(text="中共安居区委\n安居区人民政府\n关于2024年度法治政府建设工作的报告\n" + BODY) == (
        Edition.JOINT,
        "heading: 中共安居区委安居区人民政府",
    )
    assert edition(text=BODY + "\n安居区人民政府\n中共安居区委员会\n2025年3月1日") == (
        Edition.JOINT,
        "signature: 中共安居区委员会安居区人民政府",
    )


@pytest.mark.parametrize(
    "title",
    [
        "中共深圳市委宣传部2021年法治政府建设年度报告",
        "县委机构编制委员会办公室2023年法治政府建设年度报告",
        "杭州市发展和改革委员会2023年法治政府建设年度报告",
        "国有资产监督管理委员会推进法治政府建设情况",
        "区委编办2023年政府信息公开工作年度报告",
    ],
)
def test_a_department_with_a_committee_in_its_name_reports_alone(title: str) -> None:
    assert edition(title, level=Level.DEPARTMENT)[0] is Edition.DEPARTMENT


def test_a_report_to_committee_and_government_is_not_theirs() -> None:
    assert edition(text="区委、区政府：\n" + BODY, level=Level.DEPARTMENT)[0] is Edition.DEPARTMENT


def test_an_edition_is_unknown_where_nobody_is_known_to_publish_it() -> None:
    assert edition(level=None) == (None, None)


@pytest.mark.parametrize("level", [Level.PROVINCE, Level.CITY, Level.TOWNSHIP, Level.ZONE])
def test_a_government_of_any_level_has_the_governments_edition(level: Level) -> None:
    assert edition(level=level)[0] is Edition.GOVERNMENT


def test_those_who_are_sent_a_copy_have_not_signed_and_do_not_hide_who_has() -> None:
    imprint = (
        "（此件公开发布）\n主题词：法治政府 建设 报告\n报送：市委、市人民政府，市人大常委会。\n抄送：区委办公室。\n"
        "安居区人民政府办公室 2025年3月10日印发\n（共印50份）"
    )
    signed = (
        (BODY + "\n") * 5
        + "中共安居区委员会\n安居区人民政府\n2025年3月1日\n附件：\n1.示例目录\n2.示例统计表\n"
        + imprint
    )
    assert edition(text=signed) == (Edition.JOINT, "signature: 中共安居区委员会安居区人民政府")
    assert edition(text=BODY + "\n" + imprint)[0] is Edition.GOVERNMENT
