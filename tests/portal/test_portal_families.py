"""Each family's list, read through its own pager by a reader that knows the protocol and nothing else."""

from __future__ import annotations

import json
import re
from datetime import date
from urllib.parse import quote, urljoin

import pytest
from bs4 import BeautifulSoup
from selectolax.lexbor import LexborHTMLParser

from deployments.portal import Asked, Network
from deployments.portal.families.family import FilledColumn
from deployments.portal.network import Site
from deployments.portal.site import GeneratedSite
from scrapers.records import ReportType

UNIT = "/api-gateway/jpaas-publish-server/front/page/build/unit"
Rows = list[tuple[str, str, str]]


def sites(network: Network, family: str) -> list[GeneratedSite]:
    return [site for site in network.sites if isinstance(site, GeneratedSite) and site.plan.family == family]


def text(site: Site, path: str, *, encoding: str = "utf-8", referer: str = "", method: str = "GET") -> str:
    headers = {"user-agent": "test", "referer": referer}
    answer = site.answer(Asked(method, f"http://{site.host}{path}", headers))
    assert answer.status == 200, path
    return answer.body.decode(encoding)


def wanted(site: GeneratedSite, column: FilledColumn) -> Rows:
    return [(row.title, urljoin(site.plan.root, row.href), row.date.isoformat()) for row in column.rows]


def rows_in(markup: str, base: str) -> Rows:
    """Rows of list markup: title attribute, absolute address, date."""
    found = []
    for item in BeautifulSoup(markup, "lxml").find_all("li"):
        link = item.find("a", title=True)
        if link is None:
            continue
        day = re.search(r"\d{4}-\d\d-\d\d", item.get_text())
        assert day is not None
        found.append((str(link["title"]), urljoin(base, str(link["href"])), day.group()))
    return found


@pytest.mark.parametrize("step", [7, 24, 200])
def test_a_jpage_column_is_complete_by_record_numbers(network: Network, step: int) -> None:
    for site in sites(network, "hanweb_jpage"):
        for column in site.columns:
            page = text(site, f"/col/col{column.plan.id}/index.html")
            unit = re.search(r"unitid:(\d+)", page)
            total = re.search(r"totalrecord:(\d+)", page)
            assert unit is not None
            assert total is not None
            found: Rows = []
            for first in range(1, int(total[1]) + 1, step):
                answer = text(
                    site,
                    f"/module/web/jpage/dataproxy.jsp?startrecord={first}&endrecord={first + step - 1}&perpage={step}"
                    f"&columnid={column.plan.id}&unitid={unit[1]}",
                )
                assert f"<totalrecord>{total[1]}</totalrecord>" in answer
                found += rows_in(" ".join(re.findall(r"<!\[CDATA\[(<li>.*?)\]\]>", answer)), site.plan.root)
            assert found == wanted(site, column)


def test_a_jpage_column_is_complete_by_page_numbers_and_its_page_carries_the_first(network: Network) -> None:
    for site in sites(network, "hanweb_jpage"):
        for column in site.columns:
            page = text(site, f"/col/col{column.plan.id}/index.html")
            store = re.search(r"<datastore>.*</datastore>", page, re.DOTALL)
            assert store is not None
            following = re.search(r'nextgroup><!\[CDATA\[<a href="([^"]+)"', store[0])
            pages = re.search(r"<totalpage>(\d+)</totalpage>", store[0])
            assert following is not None
            assert pages is not None
            assert int(pages[1]) >= 2
            answers = [store[0]]
            answers += [
                text(site, following[1].replace("page=2", f"page={number}")) for number in range(2, int(pages[1]) + 1)
            ]
            found = rows_in(" ".join(re.findall(r"<!\[CDATA\[(<li>.*?)\]\]>", "".join(answers))), site.plan.root)
            assert found == wanted(site, column)


def test_a_dataproxy_asked_for_a_wrong_unit_sends_54_bytes_without_a_row(network: Network) -> None:
    site = sites(network, "hanweb_jpage")[0]
    column = site.columns[0].plan.id
    answer = text(site, f"/module/web/jpage/dataproxy.jsp?page=1&columnid={column}&unitid=1")
    assert len(answer) == 54
    assert "record>" not in answer.replace("recordset>", "")


def unit_address(page: str, number: int, size: int) -> str:
    query = re.search(r'queryData="(\{[^"]+\})"', page)
    assert query is not None
    parameters = dict(re.findall(r"'(\w+)':'([^']*)'", query[1]))
    parameters["paramJson"] = json.dumps({"pageNo": number, "pageSize": size})
    return UNIT + "?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items())


@pytest.mark.parametrize("size", [10, 50])
def test_a_jpaas_column_is_complete_by_param_json(network: Network, size: int) -> None:
    longest = 0
    for site in sites(network, "jpaas"):
        for column in site.columns:
            page = text(site, f"/col/col{column.plan.id}/index.html")
            found: Rows = []
            for number in range(1, 100):
                answer = json.loads(text(site, unit_address(page, number, size), referer=site.plan.root + "/col/"))
                html = answer["data"]["html"]
                assert f'count="{len(column.rows)}"' in html
                new = rows_in(html, site.plan.root)
                if not new:
                    break
                found += new
            assert found == wanted(site, column)
            longest = max(longest, len(found))
    assert longest > 50, "some column must need a second page of 50"


def test_a_number_that_is_none_is_the_servers_error_and_not_the_first_page(network: Network) -> None:
    jpage, jpaas = sites(network, "hanweb_jpage")[0], sites(network, "jpaas")[0]
    column = jpage.columns[0].plan.id
    unit = re.findall(r"unitid:(\d+)", text(jpage, f"/col/col{column}/index.html"))[0]
    wrong = f"{jpage.plan.root}/module/web/jpage/dataproxy.jsp?columnid={column}&unitid={unit}&startrecord=one"
    assert jpage.answer(Asked("GET", wrong)).status == 500
    page = text(jpaas, f"/col/col{jpaas.columns[0].plan.id}/index.html")
    for broken in (
        unit_address(page, 1, 10).partition("&paramJson")[0] + "&paramJson=[1]",
        unit_address(page, 1, 10).replace("webId=", "webId=0"),
    ):
        assert json.loads(text(jpaas, broken, referer=jpaas.plan.root))["success"] is False


def test_a_refusal_of_a_bare_request_is_not_remembered_against_others(network: Network) -> None:
    site = sites(network, "jpaas")[0]
    page = text(site, f"/col/col{site.columns[0].plan.id}/index.html")
    assert site.answer(Asked("GET", site.plan.root + unit_address(page, 1, 10))).status == 403
    assert json.loads(text(site, unit_address(page, 1, 10), referer=site.plan.root))["success"]


def test_a_jpaas_unit_ignores_a_plain_page_number(network: Network) -> None:
    site = sites(network, "jpaas")[0]
    page = text(site, f"/col/col{site.columns[0].plan.id}/index.html")
    plain = unit_address(page, 1, 10) + "&pageNo=2"
    assert json.loads(text(site, plain, referer=site.plan.root)) == json.loads(
        text(site, unit_address(page, 1, 10), referer=site.plan.root)
    )


def test_a_trs_column_is_complete_through_its_static_pages_and_ends_with_them(network: Network) -> None:
    for site in sites(network, "trs"):
        for column in site.columns:
            folder, extension = column.plan.id, site.plan.extension
            first = text(site, folder, encoding=site.plan.charset)
            assert first == text(site, f"{folder}index.{extension}", encoding=site.plan.charset)
            stated = re.search(r'^createPageHTML\((\d+), 0, "index", "(\w+)"\);', first, re.MULTILINE)
            assert stated is not None
            assert stated[2] == extension
            pages = int(stated[1])
            assert pages >= 2
            found = rows_in(first, site.plan.root + folder)
            for number in range(1, pages):
                page = text(site, f"{folder}index_{number}.{extension}", encoding=site.plan.charset)
                found += rows_in(page, site.plan.root + folder)
            assert found == wanted(site, column)
            for beyond in (pages, 0):
                missing = site.answer(Asked("GET", f"{site.plan.root}{folder}index_{beyond}.{extension}"))
                assert missing.status == 404


def test_titles_are_cut_in_trs_lists_and_whole_in_the_attribute(network: Network) -> None:
    site = sites(network, "trs")[0]
    page = BeautifulSoup(text(site, site.columns[0].plan.id), "lxml")
    cut = [link for link in page.select(".list-t a") if link.get_text().endswith("...")]
    assert cut
    assert all(str(link["title"]).startswith(link.get_text().removesuffix("...")) for link in cut)


def test_a_trs_address_carries_the_day_of_creation_and_not_of_publication(network: Network) -> None:
    differing = 0
    for site in sites(network, "trs"):
        for column in site.columns:
            for row in column.rows:
                if row.document is None:
                    continue
                day = re.search(r"/(\d{6})/t(\d{8})_\d+\.", row.href)
                assert day is not None
                assert day[2].startswith(day[1])
                assert day[2] == f"{row.document.created:%Y%m%d}"
                differing += row.document.created != row.date
    assert differing > 10


def test_pages_that_declare_gb2312_hold_letters_that_only_gb18030_has(network: Network) -> None:
    odd = [site for site in network.sites if isinstance(site, GeneratedSite) and site.plan.charset == "gb18030"]
    assert len(odd) >= 2
    for site in odd:
        beyond = 0
        for _, row in ((column, row) for column in site.columns for row in column.rows if row.document is not None):
            answer = site.answer(Asked("GET", site.plan.root + row.href))
            assert b"charset=gb2312" in answer.body
            assert "charset" not in (answer.header("Content-Type") or "")
            page = answer.body.decode("gb18030")
            assert row.title in page
            try:
                answer.body.decode("gb2312")
            except UnicodeDecodeError:
                beyond += 1
        assert beyond >= 3


def test_every_detail_page_states_its_metadata_and_has_its_familys_body(network: Network) -> None:
    containers = {"hanweb_jpage": "#zoom.zoom", "jpaas": "#zoom.article-content", "trs": ".TRS_Editor"}
    for site in network.sites:
        assert isinstance(site, GeneratedSite)
        for column in site.columns:
            for row in column.rows:
                document = row.document
                if document is None or document.report_type is None:
                    continue
                answer = site.answer(Asked("GET", site.plan.root + row.href))
                page = LexborHTMLParser(answer.body.decode(site.plan.charset))
                metas = page.css("meta[name][content]")
                tags = {meta.attributes["name"]: meta.attributes["content"] or "" for meta in metas}
                assert tags["ArticleTitle"] == document.title
                assert tags["SiteDomain"] == site.host
                assert tags["PubDate"].startswith(row.date.isoformat())
                assert tags["Url"] == site.plan.root + row.href
                body = page.css(containers[site.plan.family])[-1]
                written = "".join("".join(line.split()) for line in document.text.splitlines() if line)
                shown = "".join(body.text().split())
                if document.report_type is ReportType.RULE_OF_LAW:
                    assert written in shown
                else:
                    assert all("".join(line.split()) in shown for line in document.text.splitlines())


def test_chrome_that_readers_must_cut_is_there(network: Network) -> None:
    everything = {
        "hanweb_jpage": ("ZJEG_RSS.content.begin", "浏览次数", "分享到", "扫一扫在手机", "上一篇", "网站标识码"),
        "jpaas": ("浏览次数", "分享到", "扫一扫在手机", "相关信息", "网站标识码", "字号"),
        "trs": ("分享到", "扫一扫在手机", "相关文章", "网站标识码", "责任编辑", "附件下载"),
    }
    for family, marks in everything.items():
        pages = [
            site.answer(Asked("GET", site.plan.root + column.rows[0].href)).body.decode(site.plan.charset)
            for site in sites(network, family)
            for column in site.columns
        ]
        for mark in marks:
            assert any(mark in page for page in pages), (family, mark)


def test_word_paste_puts_spans_around_numbers_and_dates(network: Network) -> None:
    site = next(site for site in sites(network, "hanweb_jpage") if site.plan.paste == "word")
    row = next(row for row in site.columns[0].rows if row.document is not None and row.document.report_year == 2023)
    page = text(site, row.href)
    assert '<span lang="EN-US"' in page
    assert "<o:p></o:p>" in page
    assert "<st1:chsdate" in page


def test_one_row_leads_off_the_host_and_nobody_answers_there(network: Network) -> None:
    off = [
        (site, row)
        for site in network.sites
        if isinstance(site, GeneratedSite)
        for column in site.columns
        for row in column.rows
        if row.document is None
    ]
    assert off
    for site, row in off:
        assert row.href.startswith("http://")
        assert Asked("GET", row.href).host not in network
        assert row.href not in site.addresses()
        assert date(2016, 1, 1) < row.date
