"""Columns that live in memory and answer as each family of sites does, with the faults real ones show.

Every family is written from the vendors' request and response shapes, not from the parsers under test.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from scrapers.records import Column, Level, Outcome, ReportType, Request, Source

HOST = "www.example-qu.test"
Answer = tuple[Outcome, str | None, str]


@dataclass(frozen=True)
class Article:
    title: str
    href: str
    day: date


def articles(count: int) -> list[Article]:
    """``count`` rows, newest first, one every third day."""
    newest = date(2026, 6, 30)
    return [
        Article(
            f"示例区第{count - at}号法治政府建设文件",
            f"/art/{day.year}/{day.month}/{day.day}/art_100_{500000 + count - at}.html",
            day,
        )
        for at in range(count)
        for day in [newest - timedelta(days=3 * at)]
    ]


LATE = Article("示例区刚刚发布的法治政府建设年度报告", "/art/2026/7/1/art_100_999999.html", date(2026, 7, 1))


@dataclass
class ColumnInMemory:
    """A column of one family. ``before`` runs before each answer and may publish, withdraw or fail."""

    rows: list[Article]
    parameters: dict[str, str] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    before: Callable[[ColumnInMemory, int], Answer | None] = lambda site, number: None

    platform = ""
    url = ""
    size = 15
    ids: ClassVar[dict[str, str]] = {}
    """Parameters that no page of the family states."""
    frames = 0
    """Pages without rows of their own that are asked for first."""
    enough = 120
    """Rows that make some eight answers."""

    @property
    def column(self) -> Column:
        return Column(self.url, self.platform, (ReportType.RULE_OF_LAW,), parameters={**self.ids, **self.parameters})

    @property
    def source(self) -> Source:
        return Source("demo/example", "示例区人民政府", Level.COUNTY, (HOST,), (self.column,))

    def fetch(self, request: Request) -> Answer:
        self.asked.append(request)
        fault = self.before(self, len(self.asked))
        return fault if fault is not None else (Outcome.OK, None, self.answer(request))

    def answer(self, request: Request) -> str:
        raise NotImplementedError

    def slice(self, page: int, size: int | None = None) -> list[Article]:
        size = size or self.size
        return self.rows[(page - 1) * size : page * size]

    @property
    def pages(self) -> int:
        return max(1, math.ceil(len(self.rows) / self.size))

    def stub(self, request: Request) -> str:
        """The family's answer with all its statements, but without a row."""
        kept, self.rows = self.rows, _Hidden(self.rows)
        try:
            return self.answer(request)
        finally:
            self.rows = kept


class _Hidden(list[Article]):
    """Counts as many rows as there are, shows none."""

    def __getitem__(self, index: object) -> list[Article]:  # type: ignore[override]
        return []


def query(request: Request) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(request.url).query, keep_blank_values=True).items()}


class JpageColumn(ColumnInMemory):
    """Hanweb 2a: 1,000 records, three pages a group, the first group embedded in the column page."""

    platform = "hanweb_jpage"
    proxy = "/module/web/jpage/dataproxy.jsp"
    url = f"http://{HOST}/col/col1229000001/index.html"
    size = 5

    def record(self, article: Article) -> str:
        odd = int(article.href[-6]) % 2
        attributes = [f'href="{article.href}"', f'title="{article.title}"', 'target="_blank"']
        date_tag = ("b", "span", "i")[int(article.href[-6]) % 3]
        link = f"<a {' '.join(reversed(attributes) if odd else attributes)}>{article.title}</a>"
        return f"<record><![CDATA[<li>{link}<{date_tag}>{article.day}</{date_tag}></li>]]></record>"

    def answer(self, request: Request) -> str:
        if urlsplit(request.url).path.endswith("/index.html"):
            return self.column_page()
        asked = query(request)
        start, end = int(asked["startrecord"]), int(asked["endrecord"])
        form = dict(request.form or ())
        assert request.method == "POST"
        assert form["unitid"] == "5900001"
        assert form["webid"] == "2945"
        assert form["columnid"] == "1229000001"
        return self.datastore(self.rows[start - 1 : end])

    def datastore(self, rows: list[Article]) -> str:
        total, pages = len(self.rows), math.ceil(len(self.rows) / self.size)
        records = "".join(self.record(article) for article in rows)
        return (
            f"<datastore><recordset>{records}</recordset><totalrecord>{total}</totalrecord>"
            f'<totalpage>{pages}</totalpage><nextgroup><![CDATA[<a href="{self.proxy}?page=2&webid=2945">]]>'
            "</nextgroup></datastore>"
        )

    def column_page(self) -> str:
        embedded = "".join(self.record(article) for article in self.rows[: 3 * self.size])
        ids = "appid=1&webid=2945&path=/&columnid=1229000001&unitid=5900001&permissiontype=0"
        return f"""<html><body><div id="5900001"><script type="text/xml"><datastore>
            <nextgroup><![CDATA[<a href="{self.proxy}?page=1&{ids}"></a>]]></nextgroup>
            <recordset>{embedded}</recordset></datastore></script></div>
            <script>$(function(){{ $('#5900001').jpage({{ themeName:'default', openCookies:false, groupSize:3,
              // totalRecord:7,
              proxyUrl:'{self.proxy}', totalRecord:{len(self.rows)}, perPage:{self.size},
              proxyParam:{{'col':1,'appid':1,'webid':2945,'path':'/','columnid':1229000001,'sourceContentType':3,
              'unitid':'5900001','webname':'示例区政府','permissiontype':0}} }}); }});</script></body></html>"""


class JpaasColumn(ColumnInMemory):
    """Hanweb 2d: the list named by ``queryData``, rows as HTML in JSON, 50 a page."""

    platform = "jpaas"
    url = f"http://{HOST}/col/col1487002/index.html"
    size = 50
    frames = 1
    enough = 400

    def answer(self, request: Request) -> str:
        if "/build/unit" not in request.url:
            return """<meta name="ColId" content="1487002"><script src="/unitbuild.js"
                queryData="{'webId':'2945','tplSetId':'navTpl','tagId':'导航','pageId':'1'}"></script>
                <script src="/unitbuild.js" url="/api-gateway/jpaas-publish-server/front/page/build/unit"
                queryData="{'parseType':'bulidstatic','webId':'2945','tplSetId':'demoTplSetId','pageType':'column',
                'tagId':'阳光政务_分页列表','editType':'null','pageId':'1487002'}"></script>"""
        asked = query(request)
        assert (asked["webId"], asked["tplSetId"], asked["pageId"]) == ("2945", "demoTplSetId", "1487002")
        page = json.loads(asked["paramJson"])
        rows = "".join(
            f'<li><a class="news" href="{article.href}" title="{article.title}">{article.title}</a>'
            f'<span class="time">{article.day}</span></li>'
            for article in self.slice(page["pageNo"], page["pageSize"])
        )
        pager = f'<div class="pagination" count="{len(self.rows)}"></div>'
        body = f'<div id="阳光政务_分页列表"><ul class="page-content">{rows}</ul>{pager}</div>'
        return json.dumps({"success": True, "data": {"html": body}}, ensure_ascii=False)


class TrsColumn(ColumnInMemory):
    """TRS static files; the page count in ``createPageHTML``, the current page counted from 0, no total."""

    platform = "trs"
    url = f"http://{HOST}/zwgk/fzzfjs/"
    first_file, later_files, extension = "index", "index", "html"
    counted_from = 0

    def number(self, request: Request) -> int:
        name = urlsplit(request.url).path.rsplit("/", 1)[-1]
        if name in ("", f"{self.first_file}.{self.extension}"):
            return 1
        number = int(name.removeprefix(f"{self.later_files}_").removesuffix(f".{self.extension}"))
        return number + 1 - self.counted_from

    def pager(self, number: int) -> str:
        return f'<script>createPageHTML({self.pages}, {number - 1}, "{self.later_files}", "{self.extension}");</script>'

    def answer(self, request: Request) -> str:
        number = self.number(request)
        assert 1 <= number <= self.pages, f"no such file: {request.url}"
        rows = "".join(
            f'<li><a href="{article.href}" title="{article.title}">{article.title[:8]}...</a>'
            f"<span>{article.day}</span></li>"
            for article in self.slice(number)
        )
        return f'<div class="right"><ul class="list">{rows}</ul><div class="page">{self.pager(number)}</div></div>'


class TrsContainerColumn(TrsColumn):
    """The same with the id of a container first, pages counted from 1, and a total behind."""

    url = f"http://{HOST}/zwgk/fzzfjs/common_list.shtml"
    first_file = later_files = "common_list"
    extension = "shtml"
    counted_from = 1

    def pager(self, number: int) -> str:
        call = f"createPageHTML('page-div',{self.pages}, {number},'common_list','shtml',{len(self.rows)});"
        return f"<script>window.onload=function() {{{call}}}</script>"


class TrsCountPageColumn(TrsColumn):
    """Variables in force, the call commented out."""

    extension = "shtml"

    def pager(self, number: int) -> str:
        return f"""<script>
            //createPageHTML({self.pages + 7}, 0, "index", "shtml");
            /* createPageHTML(99, 0, "index", "shtml"); */
            var currentPage = {number - 1};//所在页从0开始
            var prevPage = currentPage-1//上一页
            var countPage = {self.pages}//共多少页
            if(countPage>1) document.write("<a href=\\"index.shtml\\">首页</a>");
            if(currentPage>1) document.write("<a href=\\"index"+"_" + prevPage + "."+"shtml\\">上一页</a>");
            </script>"""


FAMILIES: list[type[ColumnInMemory]] = [JpageColumn, JpaasColumn, TrsColumn, TrsContainerColumn, TrsCountPageColumn]
