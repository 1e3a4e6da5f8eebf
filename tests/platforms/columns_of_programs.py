"""Columns in memory whose lists are answered by programs: JSON, XML, script and HTML fragments."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import quote, urlsplit

from scrapers.records import Request
from tests.platforms.columns_in_memory import HOST, Article, ColumnInMemory, query


class DatastoreColumn(ColumnInMemory):
    """Hanweb 2b: a script with single-quoted rows, a total with a point in it, blank lines first."""

    platform = "hanweb_datastore"
    url = f"http://{HOST}/col/col101/index.html"
    frames = 1

    def answer(self, request: Request) -> str:
        if "/dataproxy" not in request.url:
            return """<script>var InitData201=[];$(function(){$('#201').jpage({totalRecord:9,perPage:15,
                ajaxParam:{col:1,appid:'1',webid:1,path:'/',columnid:101,unitid:'201',permissiontype:0}});});</script>"""
        asked = query(request)
        assert (asked["webid"], asked["columnid"], asked["unitid"]) == ("1", "101", "201")
        rows = ",".join(
            f"'<li><a href=\"{article.href}\">{article.title}</a><span>{article.day}</span></li>'"
            for article in self.slice(int(asked["page"]))
        )
        return f"\n\n\ntotalRecord={len(self.rows)}.0;totalPage = {self.pages};dataStore = [{rows}]"


class XxgkColumn(ColumnInMemory):
    """Hanweb 2c: a table whose links carry title, document number and date; no total; the same address each time."""

    platform = "hanweb_xxgk"
    url = f"http://{HOST}/col/col1229106886/index.html"

    ids: ClassVar[dict[str, str]] = {
        "infotypeId": "Y001C001",
        "jdid": "3096",
        "area": "000014349",
        "divid": "div1229106886",
    }

    def answer(self, request: Request) -> str:
        form = dict(request.form or ())
        assert request.headers["X-Requested-With"] == "XMLHttpRequest"
        assert form["sortfield"] == ",compaltedate:0"
        rows = "".join(
            f'<tr><td><a href="{article.href}?xxgkhide=1" mc="{article.title}" wh="示政〔2025〕5号" rq="{article.day}">'
            f"{article.title[:6]}…</a></td><td>{article.day}</td></tr>"
            for article in self.slice(int(form["currpage"]))
        )
        return f"<table>{rows}</table>"


class Was5XmlColumn(ColumnInMemory):
    """TRS WAS5 as XML; ``RECORDCOUNT`` states the total."""

    platform = "trs_was5"
    url = f"http://{HOST}/zwgk/fzzfjs/"

    ids: ClassVar[dict[str, str]] = {"channelid": "229105", "method": "POST"}

    def answer(self, request: Request) -> str:
        form = dict(request.form or ())
        assert (request.method, form["channelid"]) == ("POST", "229105")
        records = "".join(
            f"<REC><TITLE><![CDATA[{article.title}]]></TITLE><URL>http://{HOST}{article.href}</URL>"
            f"<DOCRELTIME>{article.day}</DOCRELTIME></REC>"
            for article in self.slice(int(form["page"]), int(form["prepage"]))
        )
        return f"<RESULT><RECORDCOUNT>{len(self.rows)}</RECORDCOUNT>{records}</RESULT>"

    size = 10


class Was5JsonColumn(Was5XmlColumn):
    """TRS WAS5 as JSON text with raw newlines in a string, marked words and single quotes."""

    ids: ClassVar[dict[str, str]] = {"channelid": "229105", "classsql": "chnlid=1813"}

    def answer(self, request: Request) -> str:
        asked = query(request)
        docs = ",\n".join(
            f'{{"title":"{article.title[:3]}<font color=red>{article.title[3:]}</font>","content":"一、\n二、",'
            f'"url":"http://{HOST}/x.htm","chnldocurl":"http://{HOST}{article.href}","time":"{article.day}"}}'
            for article in self.slice(int(asked["page"]))
        )
        return f'{{"count":"{len(self.rows)}","py":\'###pypy###\',\n"docs":[\n{docs}\n]}}'


class TrsApiColumn(ColumnInMemory):
    """TRS API list: page 1 in the HTML, the rest from WAS5; ids partly in a site-wide object."""

    platform = "trs_api"
    url = f"http://{HOST}/zwgk/zfxxgknb/"
    size = 10

    def answer(self, request: Request) -> str:
        if "/was5/" not in request.url:
            return self.first_page()
        asked = query(request)
        assert (asked["channelid"], asked["classsql"], asked["prepage"]) == ("200210", "chnlid=1813", "10")
        docs = [
            {"doctitle": article.title, "chnldocurl": article.href, "docreltime": f"{article.day} 10:00:00"}
            for article in self.slice(int(asked["page"]))
        ]
        return json.dumps({"count": len(self.rows), "docs": docs}, ensure_ascii=False)

    def first_page(self) -> str:
        rows = "".join(
            f'<dl><dd><a href="{article.href}" title="{article.title}">{article.title}</a></dd>'
            f"<dd>\n {article.day}\n </dd></dl>"
            for article in self.slice(1)
        )
        return f"""<script>var SiteInfo = {{ //was4doc: 290792,
                searchId: 200210, //默认
                pg: "pgBar.html" }};</script>
            <div class="rules"><dl><dt>标题</dt><dt>发布日期</dt></dl></div><div class="rules">{rows}</div>
            <div class="rules" style="display: none"><dl ms-repeat="list"><dd><a ms-attr-href="el.chnldocurl"></a></dd>
            <dd ms-text="el.docreltime"></dd></dl></div>
            <script>require(["list2.trsapi"], function(listModel) {{ listModel({{
              quickMode: "动静结合", maxStaticIndex: 1,
              listArgs: {{ channelid: SiteInfo.searchId, classsql: "" || "chnlid=1813", sortfield: "-docreltime" }},
              pagebar: {{ prepage: 10, recordCount: '{len(self.rows)}' }},
              callToPage: function(p) {{ go(p, 1); }} }}); }});
            </script>"""


class IgsColumn(ColumnInMemory):
    """TRS IGS: JSON in ``page.content``."""

    platform = "trs_igs"
    url = f"http://{HOST}/zwgk/"
    size = 10

    ids: ClassVar[dict[str, str]] = {"index": "demo-index", "filters": "filter[SITEID]=3"}

    def answer(self, request: Request) -> str:
        asked = query(request)
        assert asked["filter[SITEID]"] == "3"
        content = [
            {
                "BT": article.title,
                "FBRQ": str(article.day),
                "FWZH": "示政发〔2025〕3号",
                "IDXID": "11120000MB0000000Q/2025-00001",
                "DOCPUBURL": f"http://{HOST}{article.href}",
            }
            for article in self.slice(int(asked["pageNumber"]))
        ]
        page = {"content": content, "total": len(self.rows), "totalPages": min(self.pages, 1000)}
        return json.dumps({"page": page}, ensure_ascii=False)


class GkmlptColumn(ColumnInMemory):
    """gkmlpt of a sub-site: the category found by the column's name in the tree of the index page."""

    platform = "gkmlpt"
    url = f"http://{HOST}/demofb/gkmlpt/index#7"
    size = 100
    enough = 800
    frames = 1

    def answer(self, request: Request) -> str:
        if "/api/" not in request.url:
            return """<script>window._CONFIG = {SID:'200001', // site
                TREE:[{id:1,name:'机构',children:[{id:7,name:'法治政府建设',children:[],jump_url:'',post_count:3}],
                jump_url:'',post_count:9}], SERVICE_AREA_ID:'200001'};</script>"""
        asked = query(request)
        assert urlsplit(request.url).path == "/demofb/gkmlpt/api/all/7"
        assert asked["sid"] == "200001"
        articles = [self.article(article) for article in self.slice(int(asked["page"]))]
        count = len(self.rows)
        return json.dumps({"articles": articles, "classify": {"post_count": count}, "total": count}, ensure_ascii=False)

    def article(self, article: Article) -> dict[str, object]:
        midnight = datetime(article.day.year, article.day.month, article.day.day, tzinfo=UTC) - timedelta(hours=8)
        return {
            "title": article.title,
            "url": f"http://{HOST}{article.href}",
            "document_number": "",
            "identifier": "11440115MB0000000X/2025-00071",
            "display_publish_time": int(midnight.timestamp()),
            "create_time": 1400000000,
        }


class UcapColumn(ColumnInMemory):
    """UCAP JSON: facts in ``domainMetaList``; the channel in the column's address."""

    platform = "ucap"
    url = f"http://{HOST}/demo/c100001/list.shtml"

    def answer(self, request: Request) -> str:
        asked = query(request)
        assert urlsplit(request.url).path == "/common/search/c100001"
        results = [
            {
                "title": article.title,
                "url": f"http://{HOST}{article.href}",
                "publishedTimeStr": f"{article.day} 09:00:00",
                "domainMetaList": [
                    {"resultList": [{"key": "refno", "value": ""}, {"key": "indexnumber", "value": "0/1"}]}
                ],
            }
            for article in self.slice(int(asked["page"]))
        ]
        data = {"total": len(self.rows), "page": int(asked["page"]), "rows": 15, "results": results}
        return json.dumps({"data": data}, ensure_ascii=False)


class LonsunColumn(ColumnInMemory):
    """安徽: HTML rows, no total; organ and category in the column's address."""

    platform = "lonsun"
    url = f"http://{HOST}/public/column/1681?type=4&catId=7001"
    size = 16

    ids: ClassVar[dict[str, str]] = {"siteId": "6781961"}

    def answer(self, request: Request) -> str:
        asked = query(request)
        assert (asked["siteId"], asked["organId"], asked["catId"]) == ("6781961", "1681", "7001")
        return "".join(
            f'<div class="xxgk_navli"><a href="{article.href}" title="{article.title}">{article.title}</a>'
            f'<span class="date">{article.day}</span></div>\n'
            for article in self.slice(int(asked["pageIndex"]))
        )


class PageNavColumn(ColumnInMemory):
    """A bar of links; files up to page 6, a program beyond."""

    platform = "plain"
    url = f"http://{HOST}/ts/xxgk/gggs/"

    def file(self, number: int) -> str:
        return f"{'' if number <= 6 else '/cms/www'}/ts/xxgk/gggs/index_{number}.html"

    def number(self, request: Request) -> int:
        name = urlsplit(request.url).path.rsplit("/", 1)[-1]
        return int(name.removeprefix("index_").removesuffix(".html")) if name else 1

    def answer(self, request: Request) -> str:
        number = self.number(request)
        assert 1 <= number <= self.pages
        rows = "".join(
            f'<li><a href="{article.href}" title="{article.title}">  {article.title}</a>\n'
            f"<span>{article.day}</span></li>\n"
            for article in self.slice(number)
        )
        return f'<ul id="lbUR">{rows}</ul>{self.bar(number)}'

    def links(self, number: int) -> str:
        shown = range(max(1, number - 2), min(self.pages, number + 4) + 1)
        links = "".join(f'<a href="{self.file(at)}">{at}</a>' for at in shown)
        if number + 4 < self.pages:
            links += f'...<a href="{self.file(self.pages)}">{self.pages}</a>'
        if number < self.pages:
            links += f'<a class="pb_next_page" href="{self.file(number + 1)}">下一页</a>'
        return links + f'<a class="pb_end_page" href="{self.file(self.pages)}">尾页</a>'

    def bar(self, number: int) -> str:
        return f'<div id="page_nav_list">{self.links(number)}</div>'


class EncodedBarColumn(PageNavColumn):
    """The bar as base64 of URL-encoded HTML, with a total."""

    def bar(self, number: int) -> str:
        bar = f'<a class="a1">{len(self.rows)}条</a> {self.links(number)}'
        encoded = base64.b64encode(quote(bar, safe="").replace("%20", "+").encode()).decode()
        return f'<div id="pages" class="page">{encoded}</div>'


class NextLinkColumn(PageNavColumn):
    """A plain bar: numbers of pages in words, 下一页 as the only way on."""

    def bar(self, number: int) -> str:
        following = (
            f'<a href="{self.file(number + 1)}">下一页 &gt;</a>' if number < self.pages else "<span>下一页</span>"
        )
        return f'<div class="fy"><span>共{self.pages}页</span> <span>第{number}页</span>{following}</div>'


class DatasourceColumn(ColumnInMemory):
    """A data block: its newest rows in the page, all of them in a file beside it."""

    platform = "datasource"
    url = f"http://{HOST}/xwzx/"
    block = "94f223eb12d2438388709ff4427b9407"

    def answer(self, request: Request) -> str:
        if request.url.endswith(".json"):
            assert request.url == f"http://{HOST}/xwzx/ds_{self.block}.json"
            listed = [
                {"title": article.title, "publishUrl": f"..{article.href}", "publishTime": f"{article.day} 08:00:00"}
                for article in self.rows[:]
            ]
            return json.dumps({"datasource": listed}, ensure_ascii=False)
        rows = "".join(
            f'<li id="zhf"><a href="..{article.href}">{article.title}</a><span class="date">({article.day})</span></li>'
            for article in self.slice(1)
        )
        return f'<ul class="list01" data="datasource:{self.block}" datatype="ds" preview="ds_">{rows}</ul>'

    @property
    def pages(self) -> int:
        return math.ceil(len(self.rows) / self.size)


PROGRAMS: list[type[ColumnInMemory]] = [
    DatastoreColumn,
    XxgkColumn,
    Was5XmlColumn,
    Was5JsonColumn,
    TrsApiColumn,
    IgsColumn,
    GkmlptColumn,
    UcapColumn,
    LonsunColumn,
    PageNavColumn,
    EncodedBarColumn,
    NextLinkColumn,
]
