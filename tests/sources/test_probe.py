"""From any address of a column or a report to the system, the list and the reports behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployments.portal import FAMILIES_SOURCES, SOURCES, demo_network, families_network
from scrapers.platforms.listing import list_column
from scrapers.platforms.protocol import Fetch
from scrapers.reading.decode import decode
from scrapers.records import Column, Outcome, PageKind, ReportType, Request, Source
from scrapers.sources.column_names import read_name
from scrapers.sources.probe import MOST_REQUESTS, Probe, probe
from scrapers.sources.registry import load_sources
from tests.sources.probed_sites import (
    HEX,
    HOST,
    answering,
    datastore,
    detail,
    gkmlpt,
    jpaas,
    lonsun,
    nfcms,
    page,
    rows,
    through,
    trs,
    ucap,
    was5,
)

FAMILY_OF_LABEL = {
    "TRS WCM": "trs",
    "Hanweb JCMS": "hanweb",
    "UCAP/Kaipu": "ucap",
    "Lonsun": "lonsun",
    "NFCMS": "nfcms",
    "Epoint": "epoint",
    "Founder": "founder",
    "Shanghai (ivs_)": "ivs",
}
PLATFORM_OF_PAGER = {
    "createPageHTML-0": "trs",
    "createPageHTML-container-1": "trs",
    "countPage-0": "trs",
    "trsapi": "trs_api",
    "page_nav_list": "plain",
    "base64-pages": "plain",
    "datasource": "datasource",
}


def annotated(shared: Path, kind: str) -> list[dict[str, Any]]:
    lines = (shared / kind / f"{kind}.jsonl").read_text("utf-8").splitlines()
    return [{**json.loads(line), "folder": shared / kind} for line in lines]


def probed(row: dict[str, Any]) -> Probe:
    """The probe of a saved page: whatever else it asks for is gone."""
    text, _ = decode((row["folder"] / row["file"]).read_bytes())

    def fetch(request: Request) -> tuple[Outcome, str | None, str]:
        return (Outcome.OK, None, text) if request.url == row["url"] else (Outcome.GONE, "404", "")

    return probe(row["url"], fetch)


# --------------------------------------------------------------------------- real pages


def test_the_system_behind_nearly_every_saved_page_is_named(shared: Path) -> None:
    """Nine in ten; where nobody could name the system, none may be named."""
    told = [
        (row["id"], row["family"], found.family)
        for row in annotated(shared, "pages")
        if row["family"] is not None
        for found in [probed(row)]
    ]
    wrong = [(name, label, found) for name, label, found in told if found != FAMILY_OF_LABEL.get(label)]
    share = 1 - len(wrong) / len(told)
    print(f"family named right on {share:.0%} of {len(told)} pages")
    assert len(told) >= 28
    assert share >= 0.9, wrong


def test_the_program_behind_every_saved_list_is_named(shared: Path) -> None:
    lists = annotated(shared, "lists")
    wrong = {}
    for row in lists:
        found = probed(row)
        if found.platform != PLATFORM_OF_PAGER[row["pager"]["kind"]]:
            wrong[row["id"]] = (found.platform, found.why)
    share = 1 - len(wrong) / len(lists)
    print(f"program named right for {share:.0%} of {len(lists)} lists")
    assert share >= 0.9, wrong


def test_a_saved_list_is_shown_with_its_first_row_and_what_it_states(shared: Path) -> None:
    for row in annotated(shared, "lists"):
        found = probed(row)
        first = row["items"][0]
        assert found.first is not None
        assert found.first.title == (first["title_full_in_attr"] or first["title"])
        assert (found.pages, found.total) == (row["pager"]["pages"], row["pager"]["total"]), row["id"]
        # Only one page was saved: the last row is known only where the list ends on it.
        assert found.last is None or row["pager"]["pages"] in (None, 1)


# --------------------------------------------------------------------------- the portal


@pytest.fixture(scope="module")
def fetch() -> Fetch:
    return through(demo_network() | families_network())


LONSUN = {"catId": "7001", "organId": "1681", "siteId": "6781961"}
PORTAL = [
    (source, column)
    for folder in (SOURCES, FAMILIES_SOURCES)
    for source in load_sources(folder)
    for column in source.columns
]


def address(value: object) -> str | None:
    return value.url.removeprefix("http://") if isinstance(value, Column) else None


@pytest.mark.parametrize(("source", "column"), PORTAL, ids=address)
def test_a_column_of_the_portal_is_told_with_all_that_it_lists(source: Source, column: Column, fetch: Fetch) -> None:
    found = probe(column.url, fetch, source.hosts)
    whole = list_column(source, column, fetch)
    assert (found.outcome, found.platform, found.column_name) == (Outcome.OK, column.platform, column.name)
    assert found.first == whole.rows[0]
    # Bars of links and lists without a count name only the page that follows.
    assert found.last == whole.rows[-1] or (found.last is None and (column.platform in OPEN or is_encrypted(found)))
    assert found.total in (None, whole.total_stated)
    assert {each.judgement.report_type for each in found.reports} >= set(column.report_types)
    assert dict(found.parameters) == {**found.parameters, **column.parameters}
    assert found.requests <= 4, "page, script, first and last page of the list"


OPEN = {"plain", "datasource", "lonsun", "hanweb_xxgk", "json_list"}


def is_encrypted(found: Probe) -> bool:
    """Whether only the address of the next group is known, as where Hanweb encrypts the ids of a list."""
    return found.platform == "hanweb_jpage" and found.total is not None and found.total > len(found.rows)


@pytest.mark.parametrize(("source", "column"), PORTAL, ids=address)
def test_a_report_of_the_portal_leads_to_its_column(source: Source, column: Column, fetch: Fetch) -> None:
    known = probe(column.url, fetch, source.hosts)
    found = probe(known.reports[0].row.url, fetch, source.hosts)
    if found.column_url is None:
        assert column.platform == "lonsun"  # /zwgk/public/<organ>/<id>.html names the organ, not the category
        assert found.family == "lonsun"
        return
    assert (found.kind, found.platform) == (PageKind.DOCUMENT, column.platform)
    assert found.rows == known.rows
    assert any("inferred from" in each for each in found.evidence)


def test_a_column_that_says_nothing_of_its_program_is_not_guessed_at() -> None:
    shell = '<div id="list"></div><script src="/js/list.js"></script>'
    for script in ({}, {"/js/list.js": "$(function () { load(window.program, 1); });"}):
        found = probe(f"http://{HOST}/zwgk/fzzf/", answering({"/zwgk/fzzf/": page(shell), **script}))
        assert (found.outcome, found.platform) == (Outcome.JS_ONLY, None)
        assert found.why is not None
        assert f"its scripts may: http://{HOST}/js/list.js" in found.why


# --------------------------------------------------------------------------- other families


@pytest.mark.parametrize(
    ("site", "path", "family", "platform", "parameters"),
    [
        (gkmlpt, "/qfb/gkmlpt/index", "gkmlpt", "gkmlpt", {"category": "21"}),
        (gkmlpt, "/qfb/gkmlpt/content/5/5850/post_5852025.html", "gkmlpt", "gkmlpt", {"category": "21"}),
        (ucap, f"/qu/c100001/202503/{HEX}.shtml", "ucap", "ucap", {}),
        (lonsun, "/public/column/1681?type=4&catId=7001", "lonsun", "lonsun", LONSUN),
        (jpaas, "/col/col1487002/index.html", "hanweb", "jpaas", {}),
        (jpaas, f"/col/col1487002/art/2026/art_{HEX}.html", "hanweb", "jpaas", {}),
        (datastore, "/col/col101/index.html", "hanweb", "hanweb_datastore", {}),
        (datastore, "/art/2026/3/23/art_101_92025.html", "hanweb", "hanweb_datastore", {}),
        (nfcms, "/zwgk/fzzfjs/qzf/", "nfcms", "plain", {}),
        (nfcms, "/zwgk/fzzfjs/qzf/content/post_9452024.html", "nfcms", "plain", {}),
        (was5, "/zwgk/fzzf/", "trs", "trs_was5", {"channelid": "229105", "templet": "docs.jsp"}),
        (trs, "/zwgk/fzzfjs/", "trs", "trs", {}),
        (trs, "/other/202503/t20250327_36020.html", "trs", "trs", {}),
    ],
)  # fmt: skip
def test_a_family_is_told_by_its_column_and_by_its_report(
    site: Callable[[], dict[str, str]], path: str, family: str, platform: str, parameters: dict[str, str]
) -> None:
    found = probe(f"http://{HOST}{path}", answering(site()))
    assert (found.outcome, found.family, found.platform) == (Outcome.OK, family, platform), found.why
    assert found.parameters == parameters
    assert {each.judgement.report_type for each in found.reports} == {ReportType.RULE_OF_LAW}
    assert len(found.reports) == len(found.rows) >= 3
    assert found.how_sure != "unknown"


def test_the_parameters_found_are_enough_to_list_the_column() -> None:
    for site, path in ((gkmlpt, "/qfb/gkmlpt/index"), (lonsun, "/public/column/1681?type=4&catId=7001")):
        fetch = answering(site())
        found = probe(f"http://{HOST}{path}", fetch)
        assert found.platform is not None
        column = Column(f"http://{HOST}{path}", found.platform, (), found.column_name, found.parameters)
        source = Source("x/y", "示例区人民政府", load_sources(SOURCES)[0].level, (HOST,), (column,))
        assert len(list_column(source, column, fetch).rows) == 3


# --------------------------------------------------------------------------- what cannot be told


def test_an_address_that_does_not_answer_is_named_with_its_outcome() -> None:
    found = probe(f"http://{HOST}/zwgk/fzzfjs/", answering({}))
    assert (found.outcome, found.family, found.how_sure, found.platform) == (Outcome.GONE, None, "unknown", None)
    assert found.why == f"http://{HOST}/zwgk/fzzfjs/ answered gone: 404"


def test_a_report_that_is_gone_still_leads_to_its_column() -> None:
    found = probe(f"http://{HOST}/zwgk/fzzfjs/202103/t20210327_1.html", answering(trs()))
    assert (found.outcome, found.platform) == (Outcome.OK, "trs")
    assert found.why == f"{found.url} answered gone: 404"
    assert (found.family, found.how_sure) == ("trs", "certain")


def test_nothing_more_is_asked_of_a_site_that_sends_a_challenge() -> None:
    asked: list[str] = []

    def fetch(request: Request) -> tuple[Outcome, str | None, str]:
        asked.append(request.url)
        return Outcome.CHALLENGE, "jiasule", ""

    found = probe(f"http://{HOST}/zwgk/fzzfjs/202503/t20250327_1.html", fetch)
    assert (found.outcome, found.family, found.requests) == (Outcome.CHALLENGE, "trs", 1)
    assert found.why is not None
    assert "jiasule" in found.why
    assert len(asked) == 1


def test_a_report_whose_address_names_no_column_says_so() -> None:
    url = f"http://{HOST}/gongkai/show/{HEX}.html"
    found = probe(url, answering({f"/gongkai/show/{HEX}.html": detail()}))
    assert (found.kind, found.column_url) == (PageKind.DOCUMENT, None)
    assert found.why is not None
    assert "neither its address nor its breadcrumb" in found.why


def test_a_list_that_a_script_fills_is_not_taken_for_an_empty_one() -> None:
    script = '<div id="app"><ul><li v-for="item in list"><a>{{item.title}}</a></li></ul></div>'
    found = probe(f"http://{HOST}/zwgk/fzzfjs/", answering({"/zwgk/fzzfjs/": page(script)}))
    assert found.outcome in (Outcome.JS_ONLY, Outcome.EMPTY_LIST)
    assert found.why
    assert found.rows == ()


def test_a_program_that_needs_what_no_page_states_is_named_with_what_it_needs() -> None:
    pages = {"/public/column/1681": page("<script>load('/site/label/8888')</script>")}
    found = probe(f"http://{HOST}/public/column/1681", answering(pages))
    assert (found.family, found.platform) == ("lonsun", None)
    assert found.why is not None
    assert "siteId" in found.why


def test_the_last_page_that_fails_leaves_the_last_row_unknown() -> None:
    pages = trs()
    del pages["/zwgk/fzzfjs/index_1.html"]
    found = probe(f"http://{HOST}/zwgk/fzzfjs/", answering(pages))
    assert (found.outcome, found.last, found.pages) == (Outcome.OK, None, 2)
    assert found.why is not None
    assert "index_1.html answered gone" in found.why


def test_a_body_pasted_from_another_system_does_not_decide() -> None:
    """Articles are copied with the marks of the system they came from."""
    pasted = "<!--ZJEG_RSS.content.begin--><!--<$[信息内容]>begin-->"
    url = f"http://{HOST}/zwgk/gz/202503/t20250327_36020.html"
    found = probe(url, answering({"/zwgk/gz/202503/t20250327_36020.html": detail(pasted)}))
    assert found.family == "trs"


def test_a_probe_never_asks_more_than_its_budget() -> None:
    asked: list[str] = []
    links = "".join(f'<a href="/module/xxgk/search.jsp?{n}">x</a>' for n in range(50))
    body = page(
        rows("/art/2026/3/1/art_1_{year}.html") + links + "<datastore></datastore>InitData1=[] /common/search/c1"
    )
    probe(f"http://{HOST}/col/col1/index.html", answering({"/col/col1/index.html": body}, asked))
    assert len(asked) == len(set(asked)) <= MOST_REQUESTS


@pytest.mark.parametrize(
    ("name", "types", "sure"),
    [
        ("法治政府建设年度报告", (ReportType.RULE_OF_LAW,), True),
        ("【法治政府建设情况报告】", (ReportType.RULE_OF_LAW,), True),
        ("政府信息公开年报", (ReportType.DISCLOSURE,), True),
        ("双桥街道法治政府建设", (ReportType.RULE_OF_LAW,), False),
        ("年度报告", (ReportType.RULE_OF_LAW, ReportType.DISCLOSURE), False),
        ("政府工作报告", (), False),
        ("法治政府建设工作动态", (), False),
        ("企业年报", (), False),
        ("财政预决算", (), False),
        ("通知公告", (), False),
        ("", (), False),
    ],
)
def test_a_column_s_name_tells_what_it_holds(name: str, types: tuple[ReportType, ...], sure: bool) -> None:
    reading = read_name(name)
    assert (reading.report_types, reading.sure) == (types, sure)
