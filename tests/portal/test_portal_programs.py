"""What the listing programs and the further list pages of the network send, held against the shapes on record."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import replace
from urllib.parse import unquote, urlencode

import pytest
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from deployments.portal import Asked, Network, bench_network
from deployments.portal.families import trs_search
from deployments.portal.site import GeneratedSite
from scrapers.platforms.listing import list_column
from scrapers.records import Column, Level, Outcome, ReportType, Request, Source

FORM = {"content-type": "application/x-www-form-urlencoded"}


def site_of(network: Network, family: str) -> GeneratedSite:
    return next(s for s in network.sites if isinstance(s, GeneratedSite) and s.plan.family == family)


def get(site: GeneratedSite, path: str, /, **query: str) -> str:
    address = site.plan.root + path + (f"?{urlencode(query)}" if query else "")
    answer = site.answer(Asked("GET", address))
    assert answer.status == 200, address
    return answer.body.decode(site.plan.charset)


def post(site: GeneratedSite, path: str, /, **form: str) -> str:
    answer = site.answer(Asked("POST", site.plan.root + path, FORM, urlencode(form).encode()))
    assert answer.status == 200, path
    return answer.body.decode()


def dates(site: GeneratedSite) -> list[str]:
    """Days of the rows of the site's first column, in their order."""
    return [f"{row.date:%Y-%m-%d}" for row in site.columns[0].rows]


def test_the_older_dataproxy_sends_text_with_a_float_after_blank_lines(families: Network) -> None:
    site = site_of(families, "hanweb_datastore")
    rows = len(site.columns[0].rows)
    frame = get(site, f"/col/col{site.columns[0].plan.id}/index.html")
    unit = re.findall(r"unitid:(\d+)", frame)[0]
    assert "<li>" not in frame
    found = []
    for page in range(1, -(-rows // 5) + 1):
        answer = get(
            site,
            "/module/jslib/jquery/jpage/dataproxy.jsp",
            page=str(page), webid="1", path="/", columnid=site.columns[0].plan.id, unitid=unit, permissiontype="0",
        )  # fmt: skip
        assert answer.startswith(f"\n\n\ntotalRecord={rows}.0;totalPage = {-(-rows // 5)};dataStore = ['<li>")
        found += re.findall(r"<span>(\d{4}-\d\d-\d\d)</span>", answer)
    assert found == dates(site)


def test_encrypted_ids_are_the_only_ones_their_program_takes(families: Network) -> None:
    site = site_of(families, "hanweb_jpage_encrypted")
    column = site.columns[0].plan.id
    page = get(site, f"/col/col{column}/index.html")
    following = re.findall(r'<nextgroup><!\[CDATA\[<a href="([^"]+)"', page)[0]
    assert not re.search(r"(columnid|unitid)[:=]'?\d", page)
    assert "<record>" in get(site, following)
    unit = re.findall(r"<div id=\"(\d+)\"", page)[0]
    assert "<record>" not in get(site, "/module/web/jpage/dataproxy.jsp", page="2", columnid=column, unitid=unit)


def test_the_xxgk_program_answers_with_titles_numbers_and_dates_in_attributes(families: Network) -> None:
    site = site_of(families, "hanweb_xxgk")
    frame = get(site, f"/col/col{site.columns[0].plan.id}/index.html")
    query = dict(pair.split("=", 1) for pair in re.findall(r"'(infotypeId=[^']+)'", frame)[0].split("&"))
    found, page = [], 1
    while rows := re.findall(r'mc="[^"]+" wh="[^"]*" rq="([\d-]+)"', post(site, "/module/xxgk/search.jsp", **query)):
        found += rows
        page += 1
        query["currpage"] = str(page)
    assert found == dates(site)
    query |= {"currpage": "1", "vc_title": "年度报告"}
    titles = re.findall(r'mc="([^"]+)"', post(site, "/module/xxgk/search.jsp", **query))
    assert all("年度报告" in title for title in titles)
    hidden = [row for row in site.columns[0].rows if row.href.endswith("?xxgkhide=1")]
    assert hidden
    assert hidden[0].title in get(site, hidden[0].href)


def test_was5_sends_xml_with_its_count(families: Network) -> None:
    site = site_of(families, "trs_was5")
    channel = str(trs_search.number_of(site.plan, site.columns[0].plan))
    answer = post(site, "/was5/web/search", channelid=channel, prepage="10", page="1")
    assert f"<RECORDCOUNT>{len(site.columns[0].rows)}</RECORDCOUNT>" in answer
    assert re.findall(r"<DOCRELTIME>([\d-]+)</DOCRELTIME></REC>", answer) == dates(site)[:10]


def test_was5_json_holds_raw_line_breaks_that_no_strict_reader_takes(families: Network) -> None:
    site = site_of(families, "trs_was5_json")
    channel = str(trs_search.number_of(site.plan, site.columns[0].plan))
    answer = get(site, "/was5/web/search", channelid=channel, prepage="10", page="2")
    with pytest.raises(json.JSONDecodeError, match="Invalid control character"):
        json.loads(answer)
    assert [doc["time"][:10] for doc in json.loads(answer, strict=False)["docs"]] == dates(site)[10:20]


def test_of_a_list_model_only_the_first_page_is_html(families: Network) -> None:
    site = site_of(families, "trs_api")
    column = site.columns[0]
    page = get(site, f"{column.plan.id}index.htm")
    assert re.findall(r'<dd class="rq">([\d-]+)</dd>', page) == dates(site)[:5]
    assert f"recordCount: '{len(column.rows)}'" in page
    assert site.answer(Asked("GET", f"{site.plan.root}{column.plan.id}index_1.htm")).status == 404
    channel, query = re.findall(r"searchId: (\d+)", page)[0], re.findall(r'"(chnlid=\d+)"', page)[0]
    answer = json.loads(get(site, "/was5/web/search", channelid=channel, classsql=query, prepage="5", page="2"))
    assert [doc["docreltime"][:10] for doc in answer["docs"]] == dates(site)[5:10]


def test_igs_shows_no_page_beyond_its_thousandth(monkeypatch: pytest.MonkeyPatch, families: Network) -> None:
    monkeypatch.setattr(trs_search, "IGS_MOST_PAGES", 2)
    site = site_of(families, "trs_igs")
    parameters = dict(trs_search.TrsIgs().parameters(site.plan, site.columns[0].plan))
    key, _, channel = parameters.pop("filters").partition("=")
    pages = [
        json.loads(get(site, trs_search.IGS, **parameters, **{key: channel, "pageNumber": str(n), "pageSize": "10"}))
        for n in (1, 2, 3)
    ]
    assert [page["page"]["totalPages"] for page in pages] == [2, 2, 2]
    assert [page["page"]["total"] for page in pages] == [len(site.columns[0].rows)] * 3
    assert [len(page["page"]["content"]) for page in pages] == [10, 10, 0]
    assert [item["FBRQ"] for page in pages for item in page["page"]["content"]] == dates(site)[:20]


def test_gkmlpt_gives_a_hundred_articles_a_page_and_everything_under_zero(families: Network) -> None:
    site = site_of(families, "gkmlpt")
    frame = get(site, "/rongxifb/gkmlpt/index")
    sid = re.findall(r"SID:'(\d+)'", frame)[0]
    counted = dict(re.findall(r"id:(\d+),name:'[^']+',children:\[\],jump_url:'',post_count:(\d+)", frame))
    assert counted == {column.plan.id: str(len(column.rows)) for column in site.columns}
    answer = json.loads(get(site, "/rongxifb/gkmlpt/api/all/5850", page="1", sid=sid))
    assert answer["total"] == answer["classify"]["post_count"] == len(site.columns[0].rows)
    assert answer["articles"][0]["display_publish_time"] % 86_400 == 16 * 3600, "midnight in China"
    assert json.loads(get(site, "/rongxifb/gkmlpt/api/all/0", page="1", sid=sid))["total"] == sum(
        len(column.rows) for column in site.columns
    )
    long = bench_network(1, 230, family="gkmlpt").sites[0]
    assert isinstance(long, GeneratedSite)
    sid = re.findall(r"SID:'(\d+)'", get(long, "/benchfb/gkmlpt/index"))[0]
    lengths = [
        len(json.loads(get(long, "/benchfb/gkmlpt/api/all/5001", page=str(n), sid=sid))["articles"]) for n in (1, 3)
    ]
    assert lengths == [100, 30]


def test_ucap_lists_fifteen_a_page_with_its_facts(families: Network) -> None:
    site = site_of(families, "ucap")
    query = {"_pageSize": "15", "_isAgg": "true", "_isJson": "true", "_template": "index"}
    data = json.loads(get(site, "/common/search/c100001", page="2", **query))["data"]
    assert (data["total"], data["page"], data["rows"]) == (len(site.columns[0].rows), 2, 15)
    assert [one["publishedTimeStr"][:10] for one in data["results"]] == dates(site)[15:30]
    keys = [pair["key"] for pair in data["results"][0]["domainMetaList"][0]["resultList"]]
    assert keys == ["refno", "writedate", "pubdate", "indexnumber", "theme", "source"]
    assert re.fullmatch(rf"{site.plan.root}/hgx/c100001/\d{{6}}/[0-9a-f]{{32}}\.shtml", data["results"][0]["url"])


def test_the_search_of_a_ucap_site_is_a_column_of_what_it_finds(families: Network) -> None:
    site = site_of(families, "ucap")
    url, types = site.plan.root + "/", (ReportType.RULE_OF_LAW,)
    column = Column(url, "ucap", types, parameters={"siteCode": site.plan.code}, query="年度报告 2")
    source = Source("x/y", site.plan.name, Level.COUNTY, (site.host,), (column,))

    def fetch(request: Request) -> tuple[Outcome, str | None, str]:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        asked = Asked(request.method, request.url, headers, urlencode(request.form or ()).encode())
        return Outcome.OK, None, site.answer(asked).body.decode()

    found = list_column(source, column, fetch)
    wanted = [row for one in site.columns for row in one.rows if "年度报告" in row.title and "2" in row.title]
    assert found.outcome is Outcome.OK, found.detail
    assert sorted((row.title, row.date) for row in found.rows) == sorted((row.title, row.date) for row in wanted)
    assert len(wanted) >= 10, "both kinds of report"
    elsewhere = replace(column, parameters={"siteCode": "0000000000"})
    assert list_column(source, elsewhere, fetch).outcome is Outcome.WRONG_CONTENT


def test_the_label_program_says_nothing_of_its_length(families: Network) -> None:
    site = site_of(families, "lonsun")
    siteid = re.findall(r'data-siteid="(\d+)"', get(site, "/public/column/1681", type="4", catId="7001"))[0]
    found = []
    for page in range(1, 10):
        answer = get(
            site,
            "/site/label/8888",
            siteId=siteid, organId="1681", catId="7001", action="list", pageSize="16", pageIndex=str(page), type="4",
        )  # fmt: skip
        assert not re.search(r"共|total|count", answer)
        found += [day.get_text() for day in BeautifulSoup(answer, "lxml").select("div.xxgk_navli > span.date")]
    assert found == dates(site)


def bar_of(site: GeneratedSite, path: str) -> str:
    page = get(site, path)
    encoded = re.findall(r'<div id="pages"[^>]*>([^<]+)</div>', page)
    if encoded:
        return unquote(base64.b64decode(encoded[0]).decode()).replace("+", " ")
    bar: str = re.findall(r'<div (?:id="page_nav_list"|class="fanye")>.*</div>', page)[0]
    return bar


@pytest.mark.parametrize("family", ["page_nav_list", "base64_pages", "next_links"])
def test_a_bar_leads_from_page_to_page_to_the_end(families: Network, family: str) -> None:
    site = site_of(families, family)
    path, found, asked = site.columns[0].plan.id, [], set()
    while path not in asked:
        asked.add(path)
        found += re.findall(r"<span>(\d{4}-\d\d-\d\d)</span>", get(site, path))
        following = re.findall(r'<a href="([^"]+)"[^>]*>下一页</a>', bar_of(site, path))
        path = following[0] if following else path
    assert found == dates(site)


def test_a_page_nav_list_changes_from_files_to_a_program_after_six_pages(families: Network) -> None:
    site = site_of(families, "page_nav_list")
    folder = site.columns[0].plan.id
    assert f'href="/cms/www{folder}index_7.html" class="pb_next_page"' in bar_of(site, f"{folder}index_6.html")
    assert site.answer(Asked("GET", f"{site.plan.root}{folder}index_7.html")).status == 404


def test_a_data_block_holds_all_rows_and_its_page_the_newest(families: Network) -> None:
    site = site_of(families, "datasource")
    folder = site.columns[0].plan.id
    page = get(site, folder)
    assert re.findall(r"\((\d{4}-\d\d-\d\d)\)", page) == dates(site)[:5]
    block = re.findall(r'data="datasource:([0-9a-f]{32})"', page)[0]
    listed = json.loads(get(site, f"{folder}ds_{block}.json"))["datasource"]
    assert [item["publishTime"][:10] for item in listed] == dates(site)


@pytest.mark.parametrize(
    ("family", "call", "second"),
    [
        ("trs_container", r"createPageHTML\('page-div',(\d+), 1,'wjk_glrb','html',(\d+)\)", "wjk_glrb_2.html"),
        ("trs_one_based", r'^createPageHTML\((\d+), 1, "zfxxgk_gknrz", "shtml"\);()', "zfxxgk_gknrz_2.shtml"),
        ("trs_list", r'^createPageHTML\((\d+),0, "list","html","(\d+)"\);', "list_1.html"),
        ("trs_count_page", r"^var countPage = (\d+)()", "index_1.shtml"),
        ("ucap_static", r"createPageHTML\('page-div',(\d+), 1,'common_list','shtml',(\d+)\)", "common_list_2.shtml"),
    ],
)
def test_static_lists_state_their_length_in_their_own_spelling(
    families: Network, family: str, call: str, second: str
) -> None:
    site = site_of(families, family)
    column = site.columns[0]
    first = get(site, column.plan.id)
    pages, total = re.findall(call, first, re.MULTILINE)[0]
    assert int(pages) == column.pages
    assert total in ("", str(len(column.rows)))
    shown = re.findall(r"<span[^>]*>(\d{4}[-/]\d\d[-/]\d\d)</span>", get(site, column.plan.id + second))
    assert [day.replace("/", "-") for day in shown] == dates(site)[5:10]


def test_a_count_of_pages_stands_beside_a_call_that_is_out_of_force(families: Network) -> None:
    site = site_of(families, "trs_count_page")
    page = get(site, site.columns[0].plan.id)
    calls = [line for line in page.splitlines() if "createPageHTML(" in line]
    assert calls
    assert all(line.startswith("//") for line in calls)
    assert f"createPageHTML({site.columns[0].pages}," not in page


def test_some_rows_hold_links_that_are_no_rows_and_some_lists_begin_with_an_old_one(families: Network) -> None:
    site = site_of(families, "trs_list")
    pages = [get(site, site.columns[0].plan.id + (f"list_{n}.html" if n else "list.html")) for n in range(4)]
    assert any('<div class="popbox">' in page for page in pages)
    days = dates(site)
    assert days[0] == min(days)
    assert days[1:] == sorted(days[1:], reverse=True)


BODIES = {
    "hanweb": "#zoom", "trs": ".TRS_Editor", "gkmlpt": "div.article-content", "ucap": "#UCAP-CONTENT",
    "lonsun": "#zoom", "page_nav_list": "#content", "base64_pages": "#content", "next_links": "#content",
    "datasource": "#detailContent",
}  # fmt: skip


def test_every_report_is_served_whole_in_its_familys_body(families: Network) -> None:
    counts: Counter[str] = Counter()
    for site in families.sites:
        assert isinstance(site, GeneratedSite)
        family = site.plan.family
        container = next(body for name, body in BODIES.items() if family.startswith(name))
        for column in site.columns:
            for row in [row for row in column.rows if row.document and row.document.report_year == 2025]:
                assert row.document is not None
                page = LexborHTMLParser(get(site, row.href))
                shown = "".join(page.css(container)[-1].text().split())
                assert all("".join(line.split()) in shown for line in row.document.text.splitlines())
                meta = page.css_first('meta[name="PubDate"]') or page.css_first("META[name='PubDate']")
                assert meta is not None
                assert (meta.attributes["content"] or "").startswith(row.date.isoformat())
                counts[family] += 1
    assert len(counts) == len(families.hosts)
    assert set(counts.values()) == {2}
