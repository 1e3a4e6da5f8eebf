"""Small sites in memory, one a family, written from the shapes that sites of the family have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from deployments.portal import Asked, Network
from scrapers.platforms.protocol import Fetch
from scrapers.reading.decode import decode
from scrapers.records import Outcome, Request

HOST = "www.example-qu.test"
HEX = "0123456789abcdef0123456789abcdef"
YEARS = (2025, 2024, 2023)


def title(year: int) -> str:
    return f"示例区{year}年法治政府建设年度报告"


def answering(pages: Mapping[str, str], asked: list[str] | None = None) -> Fetch:
    """Answers by path (and query, where one is written); every other address is gone."""

    def fetch(request: Request) -> tuple[Outcome, str | None, str]:
        if asked is not None:
            asked.append(request.url)
        parts = urlsplit(request.url)
        for key in (f"{parts.path}?{parts.query}", parts.path):
            if key in pages and parts.netloc == HOST:
                return Outcome.OK, None, pages[key]
        return Outcome.GONE, "404", ""

    return fetch


def through(network: Network) -> Fetch:
    """The answers of a portal's network, without a server."""

    def fetch(request: Request) -> tuple[Outcome, str | None, str]:
        headers = {"user-agent": "test", **{name.lower(): value for name, value in request.headers.items()}}
        body = b""
        if request.form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode(request.form).encode()
        if urlsplit(request.url).netloc not in network:
            return Outcome.DNS, "no such host", ""
        answer = network.answer(Asked(request.method, request.url, headers, body))
        if answer.status != 200:
            return Outcome.GONE, str(answer.status), ""
        return Outcome.OK, None, decode(answer.body)[0]

    return fetch


def rows(href: str) -> str:
    """A list of three reports; ``href`` holds ``{year}``."""
    items = (
        f'<li><a href="{href.replace("{year}", str(year))}" title="{title(year)}">{title(year)}</a>'
        f"<span>{year + 1}-03-1{number}</span></li>"
        for number, year in enumerate(YEARS)
    )
    return f'<ul class="list">{"".join(items)}</ul>'


def page(body: str, *, name: str = "法治政府建设年度报告", head: str = "") -> str:
    return (
        f'<html><head><title>{name}_示例区人民政府</title><meta name="ColumnName" content="{name}">{head}</head>'
        f"<body>{body}</body></html>"
    )


def detail(body_head: str = "", *, head: str = "") -> str:
    paragraphs = "".join(
        f"<p>{n}、推进依法行政，完善行政决策机制，规范行政执法行为。{'工作稳步推进。' * 12}</p>" for n in "一二三四"
    )
    return (
        f'<html><head><title>{title(2024)}</title><meta name="ArticleTitle" content="{title(2024)}">{head}</head><body>'
        f"<h1>{title(2024)}</h1><p>发布时间：2025-03-11 来源：示例区司法局</p>"
        f'<div id="content">{body_head}{paragraphs}</div></body></html>'
    )


def gkmlpt() -> dict[str, str]:
    tree = (
        "{id:17,name:'政策法规',children:[],jump_url:'',post_count:9},{id:20,name:'年度报告',jump_url:'',post_count:3,"
        "children:[{id:21,name:'法治政府建设年度报告',children:[],jump_url:'',post_count:3}]}"
    )
    articles = [
        {
            "id": 5850001 + year,
            "title": title(year),
            "url": f"http://{HOST}/qfb/gkmlpt/content/5/5850/post_{5850001 + year}.html",
            "display_publish_time": 1738771200 - (2025 - year) * 31_536_000,
        }
        for year in YEARS
    ]
    return {
        "/qfb/gkmlpt/index": f"<script>window._CONFIG = {{SID:'200001', TREE:[{tree}], SERVICE_AREA_ID:'1'}};</script>",
        "/qfb/gkmlpt/api/all/21": json.dumps({"articles": articles, "total": 3, "classify": {"post_count": 3}}),
        "/qfb/gkmlpt/content/5/5850/post_5852025.html": detail(),
    }


def ucap() -> dict[str, str]:
    results = [
        {
            "title": title(year),
            "url": f"http://{HOST}/qu/c100001/{year + 1}03/{HEX[:-4]}{year}.shtml",
            "publishedTimeStr": f"{year + 1}-03-20 09:00:00",
        }
        for year in YEARS
    ]
    return {
        "/common/search/c100001": json.dumps({"data": {"total": 3, "page": 1, "rows": 15, "results": results}}),
        f"/qu/c100001/202503/{HEX}.shtml": detail(head="<UCAPTITLE>x</UCAPTITLE>"),
    }


def lonsun() -> dict[str, str]:
    listed = "".join(
        f'<div class="xxgk_navli"><a href="/zwgk/public/198/6485{year}.html" title="{title(year)}">{title(year)}</a>'
        f'<span class="date">{year + 1}-03-12</span></div>'
        for year in YEARS
    )
    script = "<script>loadList({url:'/site/label/8888', siteId: '6781961', organId: '1681'})</script>"
    return {"/public/column/1681?type=4&catId=7001": page(script), "/site/label/8888": listed}


def jpaas() -> dict[str, str]:
    listed = rows("/col/col1487002/art/2026/art_{year}" + HEX[4:] + ".html")
    unit = "{'webId':'2945','tplSetId':'demo','tagId':'分页列表','pageId':'1487002'}"
    answer = {"data": {"html": f'<div>{listed}<div class="pagination" count="3"></div></div>'}}
    return {
        "/col/col1487002/index.html": page(f'<script src="/unit.js" queryData="{unit}"></script>'),
        "/api-gateway/jpaas-publish-server/front/page/build/unit": json.dumps(answer),
        f"/col/col1487002/art/2026/art_{HEX}.html": detail(),
    }


def datastore() -> dict[str, str]:
    script = """<script>var InitData201=[];$(function(){$('#201').jpage({totalRecord:3,perPage:15,proxyUrl:
        '/module/jslib/jquery/jpage/dataproxy.jsp',ajaxParam:{webid:1,path:'/',columnid:101,unitid:'201'}});});</script>"""
    listed = ",".join(
        f"'<li><a href=\"/art/{year + 1}/3/23/art_101_9{year}.html\">{title(year)}</a><b>{year + 1}-03-23</b></li>'"
        for year in YEARS
    )
    return {
        "/col/col101/index.html": page(script),
        "/module/jslib/jquery/jpage/dataproxy.jsp": f"\n\ntotalRecord=3.0;totalPage = 1;dataStore = [{listed}]",
        "/art/2026/3/23/art_101_92025.html": detail(),
    }


def nfcms() -> dict[str, str]:
    return {
        "/zwgk/fzzfjs/qzf/": page(rows("/zwgk/fzzfjs/qzf/content/post_945{year}.html")),
        "/zwgk/fzzfjs/qzf/content/post_9452024.html": detail(head="<script>var NFCMS_POST_ID=1</script>"),
    }


def trs() -> dict[str, str]:
    """Two pages, counted from 0; a detail page whose directory is no list, but whose breadcrumb leads to one."""
    more = rows("./202003/t20200327_9{year}.html")
    pager = '<script>createPageHTML(2, {at}, "index", "html");</script>'
    crumb = '<a href="/">首页</a> &gt; <a href="/zwgk/fzzfjs/">法治政府建设年度报告</a>'
    return {
        "/zwgk/fzzfjs/": page(rows("./{year}03/t{year}0327_36020.html") + pager.replace("{at}", "0")),
        "/zwgk/fzzfjs/index_1.html": page(more + pager.replace("{at}", "1")),
        "/other/202503/t20250327_36020.html": detail(
            crumb, head='<meta name="ColumnName" content="法治政府建设年度报告">'
        ),
    }


def was5() -> dict[str, str]:
    """A column page without a row: a file of the site's own says which program fills it, beside a search box."""
    box = '<form action="/was5/web/search"><input type="hidden" name="channelid" value="1"><input name="q"></form>'
    script = "$.get('/was5/web/search', {channelid: '229105', templet: 'docs.jsp', prepage: 10, page: n}, show);"
    records = "".join(
        f"<REC><TITLE>{title(year)}</TITLE><URL>http://{HOST}/zwgk/{year + 1}03/t{year + 1}0318_1001.html</URL>"
        f"<DOCRELTIME>{year + 1}-03-18</DOCRELTIME></REC>"
        for year in YEARS
    )
    found = "channelid=229105&templet=docs.jsp&sortfield=-docreltime&prepage=10&page=1"
    return {
        "/zwgk/fzzf/": page(
            f'{box}<div id="list"></div><script src="/js/jquery.js"></script><script src="/js/list.js"></script>'
        ),
        "/js/list.js": script,
        f"/was5/web/search?{found}": f"<RESULT><RECORDCOUNT>3</RECORDCOUNT>{records}</RESULT>",
    }
