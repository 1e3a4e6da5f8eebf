"""From a home page to the columns of reports, without asking much and without taking anything else for one."""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

import pytest

from deployments.portal import FAMILIES_SOURCES, SOURCES, demo_network, families_network
from scrapers.platforms.protocol import Fetch
from scrapers.records import Column, Outcome, ReportType, Request
from scrapers.sources.discover import MOST_REQUESTS, Discovery, discover
from scrapers.sources.registry import load_sources
from scrapers.sources.search_forms import search_forms
from tests.sources.probed_sites import HOST, YEARS, answering, detail, gkmlpt, page, rows, through, title

HOME = f"http://{HOST}/"
NETWORK = demo_network() | families_network()
REGISTRY = [source for folder in (SOURCES, FAMILIES_SOURCES) for source in load_sources(folder)]


def links(*pairs: tuple[str, str]) -> str:
    return "".join(f'<li><a href="{href}">{name}</a></li>' for name, href in pairs)


def news(count: int, path: str = "/xwzx/") -> str:
    """A list of news, newest first; some of it is about reports without being one."""
    titles = (
        "区政府召开全体会议",
        "解读《法治政府建设年度报告》",
        "2025年法治政府建设工作要点",
        "政府工作报告",
        "法治政府建设工作推进会召开",
    )
    items = (
        f'<li><a href="{path}202503/t202503{28 - number:02}_77{number}.html">{titles[number % 5]}</a>'
        f"<span>2025-03-{28 - number:02}</span></li>"
        for number in range(count)
    )
    return f"<ul>{''.join(items)}</ul>"


def columns_of(host: str) -> list[Column]:
    return [column for source in REGISTRY if host in source.hosts for column in source.columns]


@cache
def discovered(host: str) -> Discovery:
    return discover(f"http://{host}/", through(NETWORK))


@pytest.mark.parametrize("host", NETWORK.hosts)
def test_every_column_of_reports_on_a_host_of_the_portal_is_found_and_nothing_else(host: str) -> None:
    found = discovered(host)
    proposed = [(each.url, each.platform, each.report_types, each.name) for each in found.proposals]
    expected = [(column.url, column.platform, column.report_types, column.name) for column in columns_of(host)]
    assert sorted(proposed) == sorted(expected)
    assert all(each.include == () for each in found.proposals)
    assert found.complete
    assert found.requests <= MOST_REQUESTS


def test_all_columns_of_the_portal_are_found_within_the_budget_of_each_host() -> None:
    print(f"\n{'host':34}{'found':>7}{'of':>4}{'false':>7}{'requests':>10}")
    totals = [0, 0, 0, 0]
    for host in NETWORK.hosts:
        found = discovered(host)
        expected = {column.url for column in columns_of(host)}
        proposed = {each.url for each in found.proposals}
        line = (len(proposed & expected), len(expected), len(proposed - expected), found.requests)
        print(f"{host:34}{line[0]:7}{line[1]:4}{line[2]:7}{line[3]:10}")
        assert found.requests <= MOST_REQUESTS, host
        totals = [total + number for total, number in zip(totals, line, strict=True)]
    print(f"{len(NETWORK.hosts)} hosts{'':26}{totals[0]:7}{totals[1]:4}{totals[2]:7}{totals[3]:10}")
    assert totals[0] == totals[1] >= 50
    assert totals[2] == 0


# --------------------------------------------------------------------------- sites with a longer way

CITY = {
    "/": page(
        links(
            ("首页", "/"),
            ("要闻", "/xwzx/"),
            ("政务公开", "/zwgk/"),
            ("法治政府建设工作动态", "/zt/fzdt/"),
            ("企业年报", "/qynb/"),
            ("市司法局法治政府建设年度报告", "http://sfj.other.test/fzzfjs/"),
            ("互动交流", "/hdjl/"),
        )
    ),
    "/xwzx/": page(news(20), name="要闻"),
    "/zt/fzdt/": page(news(20, "/zt/fzdt/"), name="法治政府建设工作动态"),
    "/qynb/": page(news(5, "/qynb/"), name="企业年报"),
    "/zwgk/": page(
        links(("政府信息公开指南", "/zwgk/zn.html"), ("法定主动公开内容", "/zwgk/fdzdgk/"), ("通知公告", "/zwgk/tzgg/"))
    ),
    "/zwgk/zn.html": page("<p>指南</p>", name="政府信息公开指南"),
    "/zwgk/tzgg/": page(news(12, "/zwgk/tzgg/"), name="通知公告"),
    "/zwgk/fdzdgk/": page(
        links(
            ("财政信息", "/zwgk/fdzdgk/cz/"),
            ("法治政府建设", "/zwgk/fdzdgk/fz/"),
            ("政府信息公开年报", "/zwgk/gknb/"),
            ("政府工作报告", "/zwgk/fdzdgk/gzbg/"),
        )
    ),
    "/zwgk/fdzdgk/fz/": page(
        links(("年度报告", "/zwgk/fdzdgk/fz/nd/"), ("示范创建", "/zwgk/fdzdgk/fz/sf/")), name="法治政府建设"
    ),
    "/zwgk/fdzdgk/fz/nd/": page(rows("./{year}03/t{year}0327_36020.html"), name="年度报告"),
    "/zwgk/gknb/": page(
        rows("./{year}01/t{year}0127_5.html").replace("法治政府建设", "政府信息公开工作"), name="政府信息公开年报"
    ),
    "/zwgk/fdzdgk/gzbg/": page(news(5, "/zwgk/fdzdgk/gzbg/"), name="政府工作报告"),
}


def test_columns_behind_hubs_are_found_and_those_that_only_speak_of_reports_are_not() -> None:
    asked: list[str] = []
    found = discover(HOME, answering(CITY, asked))
    assert {urlsplit(each.url).path: each.report_types for each in found.proposals} == {
        "/zwgk/fdzdgk/fz/nd/": (ReportType.RULE_OF_LAW,),
        "/zwgk/gknb/": (ReportType.DISCLOSURE,),
    }
    assert len(asked) == len(set(asked)) == found.requests <= MOST_REQUESTS
    assert found.complete


def test_a_proposal_says_how_it_was_found_and_what_it_lists() -> None:
    found = discover(HOME, answering(CITY))
    (report,) = [each for each in found.proposals if each.name == "年度报告"]
    assert report.evidence[:2] == ("a link named 年度报告", "3 of 3 rows name a report")
    assert [row.title for row in report.probe.rows] == [title(year) for year in YEARS]


def test_a_column_on_another_host_is_named_and_not_followed() -> None:
    asked: list[str] = []
    found = discover(HOME, answering(CITY, asked))
    assert found.elsewhere == (("市司法局法治政府建设年度报告", "http://sfj.other.test/fzzfjs/"),)
    assert {urlsplit(url).netloc for url in asked} == {HOST}


def test_what_a_lead_came_to_is_told_where_it_came_to_nothing() -> None:
    broken = {path: text for path, text in CITY.items() if path != "/zwgk/gknb/"}
    found = discover(HOME, answering(broken))
    assert [each.name for each in found.proposals] == ["年度报告"]
    assert any("/zwgk/gknb/ (a link named 政府信息公开年报)" in each and "gone" in each for each in found.troubles)


def test_a_general_column_is_proposed_with_the_titles_to_look_for() -> None:
    mixed = news(12, "/zwgk/tzgg/").replace("区政府召开全体会议", title(2024), 1)
    site = {"/": page(links(("通知公告", "/zwgk/tzgg/")) + mixed), "/zwgk/tzgg/": page(mixed, name="通知公告")}
    (proposal,) = discover(HOME, answering(site)).proposals
    assert (urlsplit(proposal.url).path, proposal.include) == ("/zwgk/tzgg/", ("法治政府",))


def test_the_tree_of_a_catalogue_is_read() -> None:
    site = {**gkmlpt(), "/": page(links(("政府信息公开平台", "/qfb/gkmlpt/index"), ("办事", "/bs/")))}
    (proposal,) = discover(HOME, answering(site)).proposals
    assert (proposal.url, proposal.platform, proposal.report_types) == (
        f"{HOME}qfb/gkmlpt/index#21",
        "gkmlpt",
        (ReportType.RULE_OF_LAW,),
    )


def test_columns_below_a_column_of_reports_are_found_by_year_and_by_body() -> None:
    """As 北京市 has it: one tree for all districts, whose top is a hub."""
    site = {
        "/": page(links(("法治政府建设年度情况报告", "/gongkai/fzzfjsbg/"))),
        "/gongkai/fzzfjsbg/": page(
            links(("东城", "./qzf/dcq/"), ("部门", "bm/"), ("2019年", "2019/"), ("下一页", "index_1.html"))
        ),
        "/gongkai/fzzfjsbg/qzf/dcq/": page(rows("./{year}03/t{year}0327_36020.html")),
        "/gongkai/fzzfjsbg/bm/": page(rows("./{year}03/t{year}0327_46020.html")),
        "/gongkai/fzzfjsbg/2019/": page(rows("./{year}03/t{year}0327_56020.html")),
    }
    asked: list[str] = []
    found = discover(HOME, answering(site, asked))
    assert sorted(urlsplit(each.url).path for each in found.proposals) == [
        "/gongkai/fzzfjsbg/2019/",
        "/gongkai/fzzfjsbg/bm/",
        "/gongkai/fzzfjsbg/qzf/dcq/",
    ]
    assert f"{HOME}gongkai/fzzfjsbg/index_1.html" not in asked


def test_reports_whose_addresses_name_no_column_lead_to_it_by_their_breadcrumb_and_cost_little() -> None:
    reports = {f"/contents/52940/4316{number}.html": title(2000 + number) for number in range(10, 26)}
    crumb = '<p><a href="/">首页</a> &gt; <a href="/channels/52940.html">法治政府建设</a></p>'
    meta = '<meta name="ColumnName" content="法治政府建设">'
    site = {
        "/": page(links(*((name, path) for path, name in reports.items()))),
        "/channels/52940.html": page(rows("/contents/52940/43{year}.html"), name="法治政府建设"),
        **dict.fromkeys(reports, detail(crumb, head=meta)),
    }
    asked: list[str] = []
    (proposal,) = discover(HOME, answering(site, asked)).proposals
    assert urlsplit(proposal.url).path == "/channels/52940.html"
    assert len(asked) == 3


def test_a_visitor_counter_in_a_frame_is_not_asked_for() -> None:
    asked: list[str] = []
    discover(HOME, answering({"/": page('<iframe src="/module/visitcount/visit.jsp?id=1"></iframe>')}, asked))
    assert asked == [HOME]


def test_a_home_page_that_only_forwards_is_followed() -> None:
    site = {
        "/": '<html><head><meta http-equiv="refresh" content="0;url=/qzf/index.html"></head><body></body></html>',
        "/qzf/index.html": page(links(("法治政府建设年度报告", "/qzf/fz/"))),
        "/qzf/fz/": page(rows("./{year}03/t{year}0327_36020.html")),
    }
    (proposal,) = discover(HOME, answering(site)).proposals
    assert urlsplit(proposal.url).path == "/qzf/fz/"


def test_a_menu_in_a_frame_is_read() -> None:
    site = {
        "/": page(links(("政务公开", "/zwgk/"))),
        "/zwgk/": page('<iframe src="/zwgk/menu.html"></iframe>', name="政务公开"),
        "/zwgk/menu.html": page(links(("法治政府建设年度报告", "/zwgk/fz/"))),
        "/zwgk/fz/": page(rows("./{year}03/t{year}0327_36020.html")),
    }
    assert [urlsplit(each.url).path for each in discover(HOME, answering(site)).proposals] == ["/zwgk/fz/"]


def test_the_site_s_own_search_is_asked_where_no_link_leads_on() -> None:
    form = '<form action="/so/list" method="get"><input type="hidden" name="site" value="7"><input name="qt"></form>'
    site = {
        "/": page(links(("首页", "/"), ("要闻", "/xwzx/")) + form),
        "/so/list": page(f'<a href="/zwgk/ghjh/202503/t20250327_36020.html">{title(2024)}</a>'),
        "/zwgk/ghjh/": page(rows("./{year}03/t{year}0327_36020.html") + news(12, "/zwgk/ghjh/"), name="规划计划"),
    }
    asked: list[str] = []
    (proposal,) = discover(HOME, answering(site, asked)).proposals
    assert urlsplit(proposal.url).path == "/zwgk/ghjh/"
    assert [url for url in asked if "/so/list?site=7&qt=" in url]


def test_a_form_that_searches_nothing_is_not_sent() -> None:
    login = '<form action="/login" method="post"><input name="user"><input type="password" name="word"></form>'
    assert search_forms(login, HOME, "x") == ()
    post = '<form action="/search" method="post"><input type="text" name="q" value="请输入"></form>'
    (request,) = search_forms(post, HOME, "法治")
    assert (request.method, request.url, request.form) == ("POST", f"{HOME}search", (("q", "法治"),))


def test_the_usual_directories_are_tried_where_nothing_else_leads_to_a_column() -> None:
    site = {
        "/": page(links(("政府领导", "/zwgk/ld/"), ("要闻", "/xwzx/"))),
        "/zwgk/fzzfjsbg/": page(rows("./{year}03/t{year}0327_36020.html")),
    }
    (proposal,) = discover(HOME, answering(site)).proposals
    assert (urlsplit(proposal.url).path, proposal.evidence[0]) == ("/zwgk/fzzfjsbg/", "a usual spelling")


def test_the_budget_is_kept_and_its_end_is_told() -> None:
    site = {f"/h{n}/": page(links(*((f"信息公开{m}", f"/h{m}/") for m in range(200)))) for n in range(200)}
    asked: list[str] = []
    found = discover(f"{HOME}h0/", answering(site, asked), most_requests=10)
    assert (len(asked), found.requests, found.complete, found.proposals) == (10, 10, False, ())


def test_a_site_without_such_columns_gives_no_proposal_and_an_end() -> None:
    site = {"/": page(links(("要闻", "/xwzx/"), ("通知公告", "/tz/"))), "/tz/": page(news(10, "/tz/"), name="通知公告")}
    found = discover(HOME, answering(site))
    assert found.proposals == ()
    assert found.complete


def test_nothing_more_is_asked_after_a_challenge() -> None:
    inner = answering(CITY)
    asked: list[str] = []

    def fetch(request: Request) -> tuple[Outcome, str | None, str]:
        asked.append(request.url)
        return (Outcome.CHALLENGE, "ruishu", "") if len(asked) == 3 else inner(request)

    checked: Fetch = fetch
    found = discover(HOME, checked)
    assert len(asked) == 3
    assert not found.complete
    assert any("ruishu" in trouble for trouble in found.troubles)
