"""Title, label and body together."""

from __future__ import annotations

import json
from pathlib import Path

import opencc
import pytest

from scrapers.judging.genre import judge_document
from scrapers.records import ReportType

RULE_OF_LAW = """2023年，我县深入贯彻习近平法治思想，扎实推进法治政府建设。现将2023年法治政府建设情况报告如下：
一、主要举措和成效
（一）坚持依法决策。严格落实重大行政决策程序，开展合法性审查52件，法治审核全覆盖。
二、存在的不足和原因
基层法治力量不足，依法行政能力有待提升。
三、党政主要负责人履行推进法治建设第一责任人职责情况
县长带头学法，听取法治工作汇报4次。
四、2024年工作安排
持续提升法治政府建设水平。"""

DISCLOSURE = """本报告根据《中华人民共和国政府信息公开条例》要求编制，统计期限自2023年1月1日起至2023年12月31日止。
一、总体情况
主动公开政府信息1200条。
二、主动公开政府信息情况
三、收到和处理政府信息公开申请情况
四、政府信息公开行政复议、行政诉讼情况
五、存在的主要问题及改进情况
六、其他需要报告的事项
无。"""

NOTICE = """各镇（街道），县级各部门：
现将2023年法治政府建设年度报告有关工作通知如下。请各单位认真总结，于2024年1月20日前将年度报告报送至县司法局，联系人：张三。"""

ALL_WORK = """2023年，县司法局在县委、县政府领导下开展工作。现将全年工作情况总结如下：
一、主要工作成效
全年办理法律援助案件312件，调解纠纷2,410件，开展党建活动24次，完成社区矫正对象教育帮扶，机关食堂改造完工，慰问困难群众86户。
二、存在的问题
人手不足，经费紧张，办公用房老旧。
三、下一步打算
抓好队伍，补齐短板，完成全年目标任务，推进依法行政。"""


def test_a_body_decides_where_the_title_names_nothing() -> None:
    for title in ("关于2023年有关情况的报告", "青溪县2023年", None):
        assert judge_document(title, RULE_OF_LAW).report_type is ReportType.RULE_OF_LAW
        assert judge_document(title, DISCLOSURE).report_type is ReportType.DISCLOSURE


def test_the_reason_says_what_in_the_body_decided() -> None:
    assert judge_document(None, RULE_OF_LAW).reason == "body: 现将2023年法治政府建设情况报告如下; 4 statutory parts"
    assert judge_document(None, DISCLOSURE).reason == "body: 信息公开条例; 6 statutory parts"


def test_a_title_that_names_a_report_needs_no_body() -> None:
    assert judge_document("2023年法治政府建设年度报告", "").report_type is ReportType.RULE_OF_LAW
    assert judge_document("2023年政府信息公开工作年度报告", "见附件").report_type is ReportType.DISCLOSURE


def test_a_body_of_the_other_report_corrects_the_title() -> None:
    assert judge_document("2023年法治政府建设年度报告", DISCLOSURE).report_type is ReportType.DISCLOSURE


def test_an_interpretation_stays_one_even_where_it_quotes_the_whole_report() -> None:
    judged = judge_document("《2023年法治政府建设年度报告》解读", RULE_OF_LAW, label="法治政府建设报告")
    assert (judged.report_type, judged.reason) == (None, "title: 解读")


def test_points_filed_under_the_reports_label_are_no_report() -> None:
    judged = judge_document(
        "关于印发2022年法治政府建设工作要点的通知", "各镇：现印发给你们。", label="法治政府建设报告"
    )
    assert (judged.report_type, judged.reason) == (None, "title: 工作要点")


def test_a_notice_that_asks_for_reports_is_none() -> None:
    judged = judge_document("关于公布2023年法治政府建设年度报告的通知", NOTICE)
    assert judged.report_type is None
    assert "asks for reports" in judged.reason


def test_a_notice_that_carries_the_report_is_one() -> None:
    title = "关于印发青溪县2023年法治政府建设年度报告的通知"
    assert judge_document(title, f"各镇：\n{RULE_OF_LAW}").report_type is ReportType.RULE_OF_LAW
    assert judge_document(title, "各镇：现将报告印发给你们。\n附件：年度报告.pdf").report_type is ReportType.RULE_OF_LAW
    assert judge_document(title, "春季造林工作。" * 200).report_type is None


def test_news_of_a_report_is_one_only_where_it_gives_the_whole() -> None:
    title = "司法部发布2023年法治政府建设年度报告"
    assert judge_document(title, "记者获悉，报告指出，法治政府建设取得成效。").report_type is None
    assert judge_document(title, RULE_OF_LAW).report_type is ReportType.RULE_OF_LAW


def test_an_experience_article_is_no_report_though_it_has_its_headings() -> None:
    text = RULE_OF_LAW.replace("现将2023年法治政府建设情况报告如下：", "")
    for title in ("法治政府建设的青溪实践", "石桥镇：“三个强化”推进法治政府建设", "以高水平法治护航高质量发展"):
        assert judge_document(title, text).report_type is None
    assert judge_document("青溪县2023年", text).report_type is ReportType.RULE_OF_LAW


def test_news_filed_under_the_reports_label_is_no_report() -> None:
    judged = judge_document(
        "市人大常委会听取2023年法治政府建设情况报告",
        "会议听取了市政府关于法治政府建设情况的报告。",
        label="法治政府建设报告",
    )
    assert judged.report_type is None
    assert judged.reason.startswith("title: 会议")


def test_a_bureaus_account_of_all_its_work_is_no_report() -> None:
    assert judge_document("关于2023年工作情况的总结", ALL_WORK).report_type is None


def test_the_label_settles_a_body_that_tells_nothing() -> None:
    judged = judge_document("青溪县2023年", "详见附件。", label="法治政府建设报告")
    assert (judged.report_type, judged.reason) == (ReportType.RULE_OF_LAW, "label: 法治政府建设报告")
    assert (
        judge_document("青溪县法治回顾", "详见附件。", label="法治政府建设报告").report_type is ReportType.RULE_OF_LAW
    )
    assert judge_document("青溪县2023年", "详见附件。", label="其他").report_type is None


def test_the_columns_name_settles_an_empty_page_only() -> None:
    assert judge_document("2023年度报告", "", column_name="法治政府建设年度报告").report_type is ReportType.RULE_OF_LAW
    assert judge_document("2023年度报告", ALL_WORK, column_name="法治政府建设年度报告").report_type is None


def test_parts_that_the_section_reader_found_count() -> None:
    text = "2023年，我局推进法治政府建设，坚持依法行政。" * 6
    assert judge_document("2023年度报告", text, column_name="法治政府建设年度报告").report_type is None
    judged = judge_document("2023年度报告", text, column_name="法治政府建设年度报告", sections_found=3)
    assert judged.report_type is ReportType.RULE_OF_LAW


def test_a_traditional_body_is_read_too() -> None:
    text = opencc.OpenCC("s2t").convert(RULE_OF_LAW)
    assert judge_document("2023年", text).report_type is ReportType.RULE_OF_LAW


@pytest.mark.parametrize(
    ("seed", "title", "report_type"),
    [
        ("000", "2024年濱江區法治政府建設年度報告", ReportType.RULE_OF_LAW),
        ("001", "2022年浦江县法治政府建设工作报告", ReportType.RULE_OF_LAW),
        ("002", "东湖高新区2022年法治政府建设工作报告", ReportType.RULE_OF_LAW),
        ("003", "余杭区司法局2023年法治政府建设年度报告", ReportType.RULE_OF_LAW),
        ("004", "JN江南·体育下载以高水平法治护航高质量发展", None),
    ],
)
def test_the_seeds_are_told_by_title_and_by_body_alone(
    shared: Path, seed: str, title: str, report_type: ReportType | None
) -> None:
    (file,) = (shared / "seeds/text").glob(f"{seed}_*.txt")
    text = file.read_text(encoding="utf-8")
    assert judge_document(title, text).report_type is report_type
    assert judge_document(None, text).report_type is report_type


def test_of_the_annotated_pages_only_the_yearly_reports_are_reports(shared: Path) -> None:
    expected = {
        "pt_nb2024_97791": ReportType.DISCLOSURE,
        "pt_nb2018_80529": ReportType.DISCLOSURE,
        "pt_nb2011_80678": ReportType.DISCLOSURE,
        "pt_fzbg_45634": ReportType.RULE_OF_LAW,
    }
    for line in (shared / "pages/pages.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        file = shared / "pages/text" / f"{row['id']}.txt"
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        for title in (row["title"], None):
            assert judge_document(title, text).report_type is expected.get(row["id"]), row["id"]
