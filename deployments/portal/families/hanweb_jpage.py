"""Hanweb jcms with the jpage dataproxy: the column page carries the first rows as XML in a script, the proxy the rest.

``GET`` or ``POST /module/web/jpage/dataproxy.jsp`` takes ``startrecord``/``endrecord`` (counted from 1) or ``page``,
beside ``columnid`` and ``unitid``. A wrong unit, or a range past the end, is answered without rows.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from urllib.parse import quote

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer
from deployments.portal.families.family import Family, FilledColumn, Row, link, meta_tags, neighbours
from deployments.portal.faults import EMPTY_DATASTORE
from deployments.portal.markup import body_markup
from deployments.portal.publishers import ColumnPlan, SitePlan

PROXY = "/module/web/jpage/dataproxy.jsp"
_XML = (("Content-Type", "text/xml; charset=utf-8"),)


def web_id(site: SitePlan) -> int:
    """The site's number in the system, from its 网站标识码."""
    return 2000 + int(site.code[2:6]) % 1000


def unit_id(column: ColumnPlan) -> int:
    """The number of the list's unit on the column page."""
    return 6_000_000 + int(column.id) % 100_000


def blob(site: SitePlan, name: str) -> str:
    """An id as such sites write it: base64 without meaning."""
    return b64encode(hashlib.blake2b(f"{site.host} {name}".encode(), digest_size=16).digest()).decode()


def record(row: Row, date_tag: str) -> str:
    """One row as the proxy sends it; attribute order and date element differ between installations."""
    return f"<record><![CDATA[{_item(row, date_tag)}]]></record>"


def _item(row: Row, date_tag: str) -> str:
    title = escape(row.title)
    attributes = f'href="{row.href}" title="{title}"' if date_tag == "b" else f'title="{title}" href="{row.href}"'
    return f'<li><a {attributes} target="_blank">{title}</a><{date_tag}>{row.date:%Y-%m-%d}</{date_tag}></li>'


class HanwebJpage(Family):
    """Skin ``table`` has the metadata table of 信息公开 columns, ``plain`` has not.

    ``encrypted``: sites whose pages hold blobs in place of the ids, which their program alone can read. ``in_page``:
    those of 山东, whose program answers nothing, whatever it is asked, while the page holds every record as HTML.
    """

    def __init__(self, *, encrypted: bool = False, in_page: bool = False) -> None:
        self.platform = "hanweb_jpage"
        self._encrypted, self._in_page = encrypted, in_page

    def made_up_id(self, number: int) -> str:
        return str(1_229_600_000 + number)

    def ids(self, site: SitePlan, column: ColumnPlan) -> tuple[str, str]:
        """``columnid`` and ``unitid`` as the site's pages and its program name them."""
        names = (column.id, str(unit_id(column)))
        return (blob(site, names[0]), blob(site, names[1])) if self._encrypted else names

    def column_path(self, _site: SitePlan, column: ColumnPlan) -> str:
        return f"/col/col{column.id}/index.html"

    def detail_path(self, _site: SitePlan, column: ColumnPlan, document: Document) -> str:
        day = document.published
        return f"/art/{day.year}/{day.month}/{day.day}/art_{column.id}_{document.serial}.html"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path == PROXY:
            return self._proxy(site, columns, asked.parameters)
        for column in columns:
            if asked.path in (self.column_path(site, column.plan), f"/col/col{column.plan.id}/"):
                text = self.column_page(site, column)
                found = html_answer(text, charset=site.charset, declared=site.declared, role=Role.COLUMN)
                return replace(found, page=1, pages=1 if self._in_page else column.pages)
        return None

    def _proxy(self, site: SitePlan, columns: Sequence[FilledColumn], asked: dict[str, str]) -> Answer:
        chosen = [
            column for column in columns if (asked.get("columnid"), asked.get("unitid")) == self.ids(site, column.plan)
        ]
        if not chosen or self._in_page:
            return Answer(200, EMPTY_DATASTORE, _XML, Role.LIST)
        column = chosen[0]
        per_page = column.plan.per_page
        try:
            if "startrecord" in asked:
                first = int(asked["startrecord"])
                last = int(asked.get("endrecord", first + per_page - 1))
            else:
                first = (int(asked.get("page", "1")) - 1) * per_page + 1
                last = first + per_page - 1
        except ValueError:
            return Answer(500, b"<html><body>java.lang.NumberFormatException</body></html>", _XML, Role.LIST)
        rows = column.rows[max(0, first - 1) : max(0, last)]
        text = self._datastore(site, column, rows, following=last // per_page + 1)
        first_page, last_page = (first - 1) // per_page + 1, (last - 1) // per_page + 1
        return Answer(200, text.encode(), _XML, Role.LIST, page=first_page, last=last_page, pages=column.pages)

    def _datastore(self, site: SitePlan, column: FilledColumn, rows: Sequence[Row], *, following: int) -> str:
        column_id, unit = map(quote, self.ids(site, column.plan))
        more = (
            f'<a href="{PROXY}?page={following}&appid=1&webid={web_id(site)}&path=/&columnid={column_id}'
            f'&unitid={unit}&webname={site.name}&permissiontype=0"></a>'
        )
        tag = "b" if site.skin == "table" else "span"
        records = "".join(record(row, tag) for row in rows)
        return (
            f"<datastore>\n<totalrecord>{len(column.rows)}</totalrecord><totalpage>{column.pages}</totalpage>"
            f"<nextgroup><![CDATA[{more}]]></nextgroup>\n<recordset>{records}</recordset>\n</datastore>"
        )

    def column_page(self, site: SitePlan, column: FilledColumn) -> str:
        plan = column.plan
        unit = unit_id(plan)
        column_id, own_unit = (f"'{name}'" if self._encrypted else name for name in self.ids(site, plan))
        store = f'<script type="text/xml">{self._datastore(site, column, column.page(1), following=2)}</script>'
        if self._in_page:
            store = f'<ul class="default_pgContainer">{"".join(_item(row, "span") for row in column.rows)}</ul>'
        return f"""<!DOCTYPE html>
<html><head><meta charset="{site.declared}"><title>{escape(plan.name)}</title>
<meta name="SiteName" content="{escape(site.name)}">
<meta name="SiteDomain" content="{site.host}">
<meta name="SiteIDCode" content="{site.code}">
<meta name="ColumnName" content="{escape(plan.name)}">
<meta name="ColumnType" content="信息公开">
</head><body>
{header(site)}
<div class="col-main"><h2>{escape(plan.name)}</h2>
<div id="{unit}" class="default_pgContainer">{store}</div>
</div>
<script>
$(function(){{ $('#{unit}').jpage({{nav:'', totalrecord:{len(column.rows)}, perpage:{plan.per_page}, showtitle:true,
 proxyurl:'{PROXY}', dataBefore:'<ul>', dataAfter:'</ul>',
 ajaxParam:{{appid:1, webid:{web_id(site)}, path:'/', columnid:{column_id}, sourceContentType:1,
 unitid:{own_unit}, webname:'{site.name}', permissiontype:0}}
}}); }});
</script>
{footer(site)}
</body></html>
"""

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        document = row.document
        assert document is not None
        before, after = neighbours(column, row)
        shown = f"{document.published:%Y-%m-%d %H:%M}"
        return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset={site.declared}">
<link href="/script/page.css" type=text/css rel=stylesheet>
<title>{escape(document.title)}</title>
<meta name='Maketime' content='{document.published:%Y-%m-%d %H:%M}:17_204'>
{meta_tags(site, column.plan, row, document)}
<meta name="guid" content="{site.code}{document.serial}">
</head><body>
{header(site)}
<table width="100%" cellspacing="0" cellpadding="0" border="0"><tr>
<td>当前位置：<a href="/index.html" class="bt_link">首页</a></td>\
<td> >> <a href="/col/col1229400000/index.html" class="bt_link">政府信息公开</a></td>\
<td> >> <a href="{self.column_path(site, column.plan)}" class="bt_link">{escape(column.plan.name)}</a></td></tr></table>
<!--*****************正文开始*****************-->
<div class="xl_con" aria-label="正文区">
{information_table(column.plan, document) if site.skin == "table" else ""}
<div class="xl_title" style="font-size:30px;line-height:60px;">
 {escape(document.title)} </div>
<div class="xl_doc"><span>发布时间：{shown} </span><span>浏览次数：<script language='javascript' \
src="/module/visitcount/articlehits.jsp?colid={column.plan.id}&artid={document.serial}"></script></span>\
<span>信息来源：<!--<$[信息来源]>begin-->{escape(document.source)}<!--<$[信息来源]>end--></span>\
<span>字体：[<a href="javascript:doZoom(18)">大</a> <a href="javascript:doZoom(16)">中</a> \
<a href="javascript:doZoom(14)">小</a>]</span></div>
<div class="zoom" id="zoom" style="padding:20px"><!--ZJEG_RSS.content.begin--><meta name="ContentStart"/>
{body_markup(document.blocks, site.paste)}
<meta name="ContentEnd"/><!--ZJEG_RSS.content.end--></div>
<div class="ewm"><img src="/picture/qr.png" alt=""><p>扫一扫在手机打开当前页</p></div>
<div class="tool"><a href="javascript:window.print()">【打印本页】</a>\
<a href="javascript:window.close()">【关闭窗口】</a></div>
<div class="bdsharebuttonbox"><span>分享到：</span><a class="bds_weixin" title="分享到微信">微信</a>\
<a class="bds_tsina" title="分享到新浪微博">新浪微博</a></div>
<div class="pn"><p>上一篇：{link(before)}</p><p>下一篇：{link(after)}</p></div>
</div>
{footer(site)}
</body></html>
"""


def information_table(column: ColumnPlan, document: Document) -> str:
    """The table of 信息公开 articles; 文件编号 may be an empty cell."""
    kind = "法治政府建设报告" if document.report_type == "rule_of_law" else column.name
    return f"""<table class="xxgk_article" align="center"><tbody>
<tr><td>索 引 号:</td><td>{document.index_number}</td><td>文件编号:</td><td>{document.doc_number}</td>\
<td>发布机构:</td><td>{escape(document.source)}</td></tr>
<tr><td>生成日期:</td><td>{document.written:%Y-%m-%d}</td><td>主题分类:</td><td>&nbsp;</td>\
<td>组配分类:</td><td>{kind}</td></tr>
<tr><td>公开形式:</td><td>网站</td><td>公开方式:</td><td>主动公开</td><td>公开范围:</td><td>面向全社会</td></tr>
</tbody></table>"""


def header(site: SitePlan) -> str:
    return (
        f'<div class="header"><a class="logo" href="/index.html">{escape(site.name)}</a>'
        '<a href="/col/col1/index.html">政务公开</a><a href="/col/col2/index.html">办事服务</a>'
        '<a href="/col/col3/index.html">互动交流</a><a class="wza">无障碍阅读</a><a class="zlb">长者版</a></div>'
    )


def footer(site: SitePlan) -> str:
    return (
        f'<div class="footer"><p>主办：{escape(site.name)}　承办：大数据发展中心</p>'
        f"<p>网站标识码：{site.code}　ICP备案号：备05000000号　公网安备{site.code}0000号　<a>网站地图</a></p></div>"
    )
