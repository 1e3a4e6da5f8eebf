"""A site's search as a column: what it finds is listed, judged and fetched like the rows of any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from deployments.portal import Answer, Asked, Network, Portal
from deployments.portal.exchange import Role, html_answer, json_answer
from deployments.portal.families.family import Row
from deployments.portal.site import GeneratedSite
from scrapers.collect import Tally, collect
from scrapers.plan import Plan
from scrapers.records import Candidate, Report, ReportType, State
from scrapers.sources.registry import load_sources
from scrapers.web.client import Client
from scrapers.web.pace import HostPace
from scrapers.web.settings import ClientSettings

QUERY = "法治政府建设"
ELSEWHERE = "http://www.fazhi-wenku-demo.com/zhuanti/2022/2210.html"
COPIED = f"（转载）{QUERY}年度报告汇编"


def site_of(network: Network, family: str) -> GeneratedSite:
    return next(site for site in network.sites if isinstance(site, GeneratedSite) and site.plan.family == family)


def found_by(site: GeneratedSite, query: str) -> list[Row]:
    """All rows of the site whose title has the words, and one on a host of somebody else, best first: in no order."""
    rows = [row for column in site.columns for row in column.rows if row.href != ELSEWHERE]
    rows.append(Row(COPIED, ELSEWHERE, rows[0].date))
    return sorted((row for row in rows if query in row.title), key=lambda row: (len(row.title), row.href))


class SearchedSite:
    """A generated site with the search programs that its family's columns do not use."""

    def __init__(self, site: GeneratedSite) -> None:
        self.site, self.host = site, site.host
        self.queries: list[str] = []

    def addresses(self) -> tuple[str, ...]:
        return self.site.addresses()

    def answer(self, asked: Asked) -> Answer:
        programs = {
            "/was5/web/search": (self._was5, "searchword", "page", "prepage"),
            "/igs/front/search/list.html": (
                self._igs,
                "filter[FileName,DOCCONTENT,fileNum-or]",
                "pageNumber",
                "pageSize",
            ),
            "/so/ss/query/s": (self._ucap, "qt", "page", "pageSize"),
        }
        if asked.path == "/so/":
            return self._page(asked)
        if asked.path not in programs:
            return self.site.answer(asked)
        program, word, page, size = programs[asked.path]
        parameters = asked.parameters
        query = parameters.get(word) or parameters["filter[BT-like]"]
        self.queries.append(query)
        rows = found_by(self.site, query)
        start = (int(parameters[page]) - 1) * int(parameters[size])
        return program(rows[start : start + int(parameters[size])], len(rows), parameters)

    def _address(self, row: Row) -> str:
        return row.href if "://" in row.href else self.site.plan.root + row.href

    def _was5(self, rows: list[Row], total: int, _: dict[str, str]) -> Answer:
        records = "".join(
            f"<REC><TITLE><![CDATA[{row.title.replace(QUERY, f'<font color=red>{QUERY}</font>')}]]></TITLE>"
            f"<URL>{self._address(row)}</URL><DOCRELTIME>{row.date}</DOCRELTIME></REC>"
            for row in rows
        )
        text = f"<RESULT><RECORDCOUNT>{total}</RECORDCOUNT>{records}</RESULT>"
        return Answer(200, text.encode(), (("Content-Type", "text/xml; charset=utf-8"),), Role.LIST)

    def _igs(self, rows: list[Row], total: int, _: dict[str, str]) -> Answer:
        content = [{"BT": row.title, "FBRQ": f"{row.date}", "DOCPUBURL": self._address(row)} for row in rows]
        return json_answer({"page": {"content": content, "total": total, "totalPages": -(-total // 10)}})

    def _ucap(self, rows: list[Row], total: int, parameters: dict[str, str]) -> Answer:
        assert parameters["siteCode"] == self.site.plan.code
        marked = [row.title.replace(QUERY, f"<em>{QUERY}</em>") for row in rows]
        docs = [
            {"data": {"title": title, "titleO": row.title, "url": self._address(row), "docDate": f"{row.date}"}}
            for row, title in zip(rows, marked, strict=True)
        ]
        return json_answer({"ok": True, "totalHits": total, "resultDocs": docs})

    def _page(self, asked: Asked) -> Answer:
        """Results as an HTML page of GBK, whose form sends GBK, too."""
        fields = dict(parse_qsl(urlsplit(asked.url).query, encoding="gbk"))
        self.queries.append(fields["q"])
        number = int(fields.get("p", "1"))
        rows = found_by(self.site, fields["q"])
        items = "".join(
            f'<li><a href="{self._address(row)}" title="{row.title}">{row.title}</a><span>{row.date}</span></li>'
            for row in rows[10 * number - 10 : 10 * number]
        )
        following = asked.url.partition("&p=")[0] + f"&p={number + 1}"
        more = f'<a href="{following}">下一页</a>' if 10 * number < len(rows) else ""
        return html_answer(f'<html><body><ul class="jg">{items}</ul><div class="page">{more}</div></body></html>',
                           charset="gbk", declared="gbk", role=Role.LIST)  # fmt: skip


@contextmanager
def client_of(portal: Portal, tmp_path: Path) -> Iterator[Client]:
    settings = ClientSettings("nianbao-test (+http://127.0.0.1/)", proxy=portal.url, allow_private_addresses=True)
    with Client(settings, None, HostPace(tmp_path / "pace")) as client:
        yield client


def source_text(site: GeneratedSite, columns: str) -> str:
    publisher = site.plan.publishers[0]
    return (
        f'publisher = "{publisher.name}"\nlevel = "{publisher.level}"\ndivision_code = "{publisher.division_code}"\n'
        f'hosts = ["{site.host}"]\npace_seconds = 0\n{columns}'
    )


def searched(platform: str, url: str, more: str = "") -> str:
    return (
        f'\n[[columns]]\nurl = "{url}"\nplatform = "{platform}"\nreport_types = ["rule_of_law"]\n'
        f'query = "{QUERY}"\ninclude = ["年.*报告"]\nexclude = ["解读"]\n{more}'
    )


def crawled(portal: Portal, tmp_path: Path, text: str) -> tuple[dict[str, Candidate], dict[str, Report], Tally]:
    path = tmp_path / "sources" / "qinglan" / "searched.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    (source,) = load_sources(tmp_path / "sources")
    tally = Tally(source.id, source.publisher)
    with client_of(portal, tmp_path) as client:
        batches = list(collect(source, plan=Plan("run"), client=client, known={}, tally=tally))
    candidates = {one.url: one for batch in batches for one in batch.candidates}
    return candidates, {report.url: report for batch in batches for report in batch.reports}, tally


def reports_of(site: GeneratedSite) -> set[str]:
    """Addresses of the site's reports of rule of law."""
    return {
        site.plan.root + row.href
        for column in site.columns
        for row in column.rows
        if row.document is not None and row.document.report_type is ReportType.RULE_OF_LAW
    }


@pytest.mark.parametrize(
    ("family", "platform", "path", "more"),
    [
        ("trs_was5", "trs_was5", "/zwgk/", 'parameters = { channelid = "200100", method = "POST" }\n'),
        ("trs_was5", "trs_was5", "/zwgk/", 'parameters = { channelid = "200100", prepage = "7" }\n'),
        ("trs_igs", "trs_igs", "/zwgk/", 'parameters = { index = "all" }\n'),
        ("trs_igs", "trs_igs", "/zwgk/", 'parameters = { index = "all", queryField = "filter[BT-like]" }\n'),
        ("ucap", "ucap", "/so/s", 'parameters = { siteCode = "CODE" }\n'),
        ("trs_was5", "plain", "/so/?q={query}", ""),
    ],
)
def test_what_a_search_finds_is_fetched_and_what_lies_elsewhere_is_recorded(
    families: Network, tmp_path: Path, family: str, platform: str, path: str, more: str
) -> None:
    site = site_of(families, family)
    search = SearchedSite(site)
    text = source_text(site, searched(platform, site.plan.root + path, more.replace("CODE", site.plan.code)))
    with Portal(Network([search])) as portal:
        candidates, reports, tally = crawled(
            portal, tmp_path, ('charset = "gbk"\n' if platform == "plain" else "") + text
        )
    assert set(search.queries) == {QUERY}
    found = found_by(site, QUERY)
    assert len(found) > 10, "more than one page of results"
    assert tally.listed == len(found) == len(candidates)
    assert {one.title for one in candidates.values()} == {row.title for row in found}
    assert candidates[ELSEWHERE].state is State.OFF_HOST
    wanted = reports_of(site)
    assert wanted
    assert {url for url, report in reports.items() if report.state is State.ACCEPTED} == wanted
    assert tally.problems == []


def test_the_query_of_hanweb_is_one_of_titles_and_what_a_column_has_too_is_one_candidate(
    families: Network, tmp_path: Path
) -> None:
    site = site_of(families, "hanweb_xxgk")
    root, plan = site.plan.root, site.columns[0].plan
    parameters = ", ".join(f'{key} = "{value}"' for key, value in site.family.parameters(site.plan, plan).items())
    ordinary = (
        f'\n[[columns]]\nurl = "{root}/col/col{plan.id}/index.html"\nplatform = "hanweb_xxgk"\n'
        f'report_types = ["rule_of_law"]\nname = "{plan.name}"\nparameters = {{ {parameters} }}\n'
    )
    search = searched("hanweb_xxgk", f"{root}/col/col{plan.id}/", f"parameters = {{ {parameters} }}\n")
    with Portal(Network([site])) as portal:
        alone, reports, tally = crawled(portal, tmp_path / "alone", source_text(site, search))
        both, again, tally_of_both = crawled(portal, tmp_path / "both", source_text(site, ordinary + search))
        forms = [line for line in portal.log if line.method == "POST"]
    assert forms
    assert {one.title for one in alone.values()} == {row.title for row in site.columns[0].rows if QUERY in row.title}
    for read in (reports, again):
        assert {url for url, report in read.items() if report.state is State.ACCEPTED} == reports_of(site)
    assert len(both) == len(site.columns[0].rows) < tally_of_both.listed
    assert tally.problems == tally_of_both.problems == []


def test_a_search_that_is_down_is_a_problem_and_no_empty_list(families: Network, tmp_path: Path) -> None:
    site = site_of(families, "trs_igs")
    text = source_text(site, searched("trs_igs", f"{site.plan.root}/zwgk/", 'parameters = { index = "all" }\n'))

    class Down(SearchedSite):
        def _igs(self, rows: list[Row], total: int, _: dict[str, str]) -> Answer:
            return Answer(200, json.dumps({"code": 500, "msg": "系统繁忙"}).encode(), (), Role.LIST)

    with Portal(Network([Down(site)])) as portal:
        candidates, _, tally = crawled(portal, tmp_path, text)
    assert candidates == {}
    assert len(tally.problems) == 1
    assert unquote(tally.problems[0]).startswith(f"{site.plan.root}/zwgk/: empty_list")
