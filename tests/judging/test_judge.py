"""A draft becomes a report: accepted, rejected or quarantined, each with its reason."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from scrapers.judging.copies import NEAR_COPY, signature, similarity
from scrapers.judging.judge import document_id, judge, text_digest
from scrapers.reading.page import read_page
from scrapers.records import (
    Candidate,
    Draft,
    Level,
    MetaValue,
    PageKind,
    Removal,
    Report,
    ReportType,
    Signature,
    Source,
    State,
    Table,
)
from scrapers.sources.registry import load_sources
from tests.reading.plain_text import blocks_of

SENTENCE = "全县各部门坚持依法行政，法治政府建设各项工作有序开展，取得了实实在在的进步。"
TEXT = "\n".join(
    [
        f"2023年，浦江县{SENTENCE}现将2023年法治政府建设情况报告如下：",
        *("一、主要举措和成效", SENTENCE, "二、存在的不足", SENTENCE),
        *("三、党政主要负责人履行推进法治建设第一责任人职责情况", SENTENCE, "四、2024年工作安排", SENTENCE),
    ]
)
SITE = "http://www.pj.gov.cn/art/2024/3/1/art_1_2.html"


def draft(**changes: Any) -> Draft:
    text = changes.pop("text", TEXT)
    made = Draft(
        url=SITE,
        kind=PageKind.DOCUMENT,
        title="浦江县2023年法治政府建设年度报告",
        published="2024-03-01 09:00",
        text=text,
        blocks=blocks_of(text),
    )
    return replace(made, **changes)


def names(report: Report) -> list[str]:
    return [flag.name for flag in report.flags]


def test_a_report_on_a_trusted_host_is_accepted() -> None:
    report = judge(draft())
    assert (report.state, report.flags) == (State.ACCEPTED, ())
    assert (report.report_type, report.report_year) == (ReportType.RULE_OF_LAW, 2023)
    assert (report.publisher, report.division_code, report.level) == ("浦江县人民政府", "330726", Level.COUNTY)
    assert [section.role for section in report.sections] == ["measures", "shortcomings", "leaders_duty", "next_year"]
    assert report.published_date == date(2024, 3, 1)


def test_the_same_page_elsewhere_is_quarantined_and_linked_to_the_true_one() -> None:
    copied = draft(url="http://www.example.com/art/2024/3/1/art_1_2.html")
    report = judge(copied, mirror_of=lambda signed: SITE if signed == signature(TEXT) else None)
    assert (report.state, report.mirror_of) == (State.QUARANTINED, SITE)
    assert names(report) == ["untrusted_host"]
    assert "www.example.com" in report.reason


def test_nobody_asks_whether_an_accepted_report_is_a_copy() -> None:
    def asked(signed: Signature) -> str | None:
        raise AssertionError("an accepted report was compared")

    assert judge(draft(), mirror_of=asked).mirror_of is None


def test_a_host_of_the_registry_is_trusted() -> None:
    elsewhere = draft(url="http://www.pujiang-news.cn:8080/1.html")
    source = Source(
        id="zhejiang/pujiang",
        publisher="浦江县人民政府",
        level=Level.COUNTY,
        hosts=("www.pujiang-news.cn:8080",),
        columns=(),
        division_code="330726",
    )
    assert judge(elsewhere).state is State.QUARANTINED
    assert judge(elsewhere, source=source).state is State.ACCEPTED
    assert judge(elsewhere, trusted_hosts=("www.pujiang-news.cn",)).state is State.ACCEPTED


def test_a_trusted_host_that_was_broken_into_is_quarantined() -> None:
    report = judge(
        draft(values=(MetaValue("title", "浦江县2023年法治政府建设年度报告-买球官方网站", "title_element"),))
    )
    assert report.state is State.QUARANTINED
    assert report.reason.startswith("spam on a trusted host (")


def test_what_only_search_engines_see_betrays_a_break_in() -> None:
    report = judge(draft(removed=(Removal("hidden", "凯发娱乐官方网站\n", 0),)))
    assert report.state is State.QUARANTINED
    assert report.reason.startswith("spam on a trusted host (")


def test_what_is_no_report_is_rejected_on_a_trusted_host() -> None:
    report = judge(draft(title="浦江县2023年法治政府建设工作要点", text=SENTENCE))
    assert (report.state, report.reason) == (State.REJECTED, "title: 工作要点")
    assert (names(report), report.report_year, report.sections) == (["not_a_report"], None, ())


@pytest.mark.parametrize("kind", [PageKind.LIST, PageKind.HOME, PageKind.EMPTY, PageKind.CHALLENGE])
def test_a_page_that_is_no_document_is_no_report(kind: PageKind) -> None:
    report = judge(Draft(url=SITE, kind=kind, title="浦江县2023年法治政府建设年度报告"))
    assert (report.state, report.reason) == (State.REJECTED, f"page: {kind}, not a document")


def test_missing_parts_are_flagged() -> None:
    text = "\n".join(line for line in TEXT.splitlines() if not line.startswith(("二、", "三、")))
    report = judge(draft(text=text))
    assert [(flag.name, flag.evidence) for flag in report.flags] == [("missing_parts", "shortcomings, leaders_duty")]


def test_sums_that_do_not_come_out_are_flagged() -> None:
    heads = ("行政复议",) * 5, ("结果维持", "结果纠正", "其他结果", "尚未审结", "总计")
    text = "\n".join(
        line
        for head in (
            "一、总体情况",
            "二、主动公开",
            "三、收到和处理政府信息公开申请情况",
            "四、行政复议",
            "五、问题",
            "六、其他需要报告的事项",
        )
        for line in (head, "政府信息公开工作有序开展，本机关依法公开政府信息。")
    )
    report = judge(
        draft(
            title="浦江县2023年政府信息公开工作年度报告",
            text=f"本报告统计期限自2023年1月1日起至2023年12月31日止。\n{text}",
            tables=(Table((*heads, ("1", "0", "0", "0", "3"))),),
        )
    )
    assert report.report_type is ReportType.DISCLOSURE
    assert len(report.figures) == 5
    assert [(flag.name, flag.evidence) for flag in report.flags] == [
        ("figures_disagree", "行政复议: the columns add up to 1, not 3")
    ]


def test_every_date_is_kept_with_its_place() -> None:
    page = draft(
        metadata={"生 成 日 期": "2024-02-28", "发布日期": ""},
        values=(
            MetaValue("published", "2024-03-01 09:00", "info_line", chosen=True),
            MetaValue("published", "2024-03-05", "meta"),
            MetaValue("published", "2024-03-01", "address"),
            MetaValue("title", "…", "heading"),
        ),
    )
    candidate = Candidate(
        "zhejiang/pujiang", "http://www.pj.gov.cn/col/1/", SITE, "…", date(2024, 3, 2), State.WANTED, "title"
    )
    report = judge(page, candidate=candidate)
    assert report.dates == {
        "listed": "2024-03-02",
        "shown": "2024-03-01 09:00",
        "meta": "2024-03-05",
        "path": "2024-03-01",
        "table:生成日期": "2024-02-28",
    }
    assert (report.listed_date, report.column_url) == (date(2024, 3, 2), "http://www.pj.gov.cn/col/1/")


def test_the_list_row_stands_in_for_a_page_without_a_title() -> None:
    candidate = Candidate(
        "zhejiang/pujiang",
        "http://www.pj.gov.cn/col/1/",
        SITE,
        "浦江县2022年法治政府建设年度报告",
        None,
        State.WANTED,
        "title",
    )
    report = judge(draft(title=None), candidate=candidate)
    assert (report.state, report.report_year, report.listed_title) == (State.ACCEPTED, 2022, candidate.title)


def test_a_document_is_the_same_at_every_spelling_of_its_address() -> None:
    assert document_id(SITE) == document_id("http://WWW.PJ.gov.cn:80/art/2024/3/1/art_1_2.html#top")
    assert document_id(SITE) != document_id(SITE.replace("_2.html", "_3.html"))
    assert len(document_id(SITE)) == 16
    assert int(document_id(SITE), 16) > 0


def test_white_space_makes_no_new_version() -> None:
    assert text_digest("一、主要举措\n 成效") == text_digest("一、主要举措成效\u3000\n")
    assert text_digest("一、主要举措") != text_digest("二、主要举措")
    assert text_digest(" \n") is None


def test_a_page_as_long_as_a_book_is_judged_in_a_moment() -> None:
    text = "\n".join(
        ["一、主要举措和成效", "将2023年" * 200_000, *(f"{n}、存在的不足" for n in range(20_000)), " 2" * 100_000]
    )
    started = time.perf_counter()
    judge(draft(text=text, title="2023年" * 50_000, metadata={"发布机构": "县" * 1_000_000}))
    assert time.perf_counter() - started < 10


def test_judging_twice_gives_the_same() -> None:
    assert judge(draft()) == judge(draft())


# ------------------------------------------------------------------------------------------------ the seeds


def _seed_reports(shared: Path, *, with_sources: bool) -> Mapping[str, Report]:
    folder = shared / "seeds"
    listed = {column.url: (source, column) for source in load_sources() for column in source.columns}
    entries = tomllib.loads((folder / "expected.toml").read_text("utf-8"))["report"]
    wanted = {
        entry["url"]: listed[entry["column"]] if with_sources and "column" in entry else None for entry in entries
    }
    responses = {row["url"]: row for row in json.loads((folder / "site.json").read_text("utf-8"))}
    reports: dict[str, Report] = {}
    trusted: dict[str, Signature] = {}

    def mirror_of(signed: Signature) -> str | None:
        return next((url for url, other in trusted.items() if similarity(signed, other) >= NEAR_COPY), None)

    for url in sorted(wanted, key=lambda url: not urlsplit(url).netloc.endswith(".gov.cn")):
        row = responses[url]
        page = read_page((folder / row["file"]).read_bytes(), url, content_type=row["content_type"])
        source, column = wanted[url] or (None, None)
        reports[url] = judge(page, source=source, column=column, mirror_of=mirror_of)
        made = reports[url].signature
        if reports[url].state is State.ACCEPTED and made is not None:
            trusted[url] = made
    return reports


@pytest.mark.parametrize("with_sources", [True, False], ids=["crawled", "bare pages"])
def test_the_seeds_come_out_as_expected(shared: Path, *, with_sources: bool) -> None:
    expected = tomllib.loads((shared / "seeds" / "expected.toml").read_text("utf-8"))["report"]
    reports = _seed_reports(shared, with_sources=with_sources)
    for entry in expected:
        report = reports[entry["url"]]
        found: dict[str, Any] = {
            "state": str(report.state),
            "publisher": report.publisher,
            "division_code": report.division_code or "",
            "parent_division_code": report.parent_division_code or "",
            "level": str(report.level),
            "report_type": str(report.report_type),
            "report_year": report.report_year or 0,
            "sections": [section.role for section in report.sections],
            "flags": sorted({flag.name for flag in report.flags}),
            "mirror_of": report.mirror_of,
            "damaged": [flag.evidence for flag in report.flags if flag.name == "damaged_text"],
        }
        wanted = {key: entry[key] for key in found if key in entry}
        if "flags" in wanted:
            wanted["flags"] = sorted(wanted["flags"])
        assert {key: found[key] for key in wanted} == wanted, entry["url"]
