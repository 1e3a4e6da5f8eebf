"""Hanweb jpaas: the column page is a shell, its rows come as HTML in JSON from ``build/unit``.

The unit takes ``paramJson={"pageNo": N, "pageSize": M}`` (M up to 50) beside ``pageId`` and ``tagId``, ignores a plain
``pageNo``, and refuses with 403 who sends no ``User-Agent`` or no ``Referer`` of the site.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer, json_answer
from deployments.portal.families.family import Family, FilledColumn, Row, hexadecimal, meta_tags, pages_of, related_rows
from deployments.portal.markup import body_markup
from deployments.portal.publishers import ColumnPlan, SitePlan

UNIT = "/api-gateway/jpaas-publish-server/front/page/build/unit"
TAG = "阳光政务_分页列表"
LARGEST_PAGE = 50
HASHED_SINCE = 2024
"""Articles published since are addressed by a hash below their column, older ones by /art/."""


def web_id(site: SitePlan) -> str:
    """The site's number in the system, from its 网站标识码."""
    return str(2900 + int(site.code[2:6]) % 100)


def template_set(site: SitePlan) -> str:
    """The id of the site's set of templates: letters and digits without meaning."""
    return hashlib.blake2b(site.host.encode(), digest_size=10).hexdigest()


class Jpaas(Family):
    platform = "jpaas"

    def made_up_id(self, number: int) -> str:
        return str(1_487_000 + number)

    def column_path(self, _site: SitePlan, column: ColumnPlan) -> str:
        return f"/col/col{column.id}/index.html"

    def detail_path(self, site: SitePlan, column: ColumnPlan, document: Document) -> str:
        day = document.published
        if day.year >= HASHED_SINCE:
            name = hexadecimal(site.host, document.serial)
            return f"/col/col{column.id}/art/{day.year}/art_{name}.html"
        return f"/art/{day.year}/{day.month}/{day.day}/art_{column.id}_{document.serial}.html"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path == UNIT:
            return self._unit(site, columns, asked)
        for column in columns:
            if asked.path in (self.column_path(site, column.plan), f"/col/col{column.plan.id}/"):
                text = self.column_page(site, column.plan)
                return html_answer(text, charset=site.charset, declared=site.declared, role=Role.COLUMN)
        return None

    def _unit(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer:
        if not asked.headers.get("user-agent") or site.host not in asked.headers.get("referer", ""):
            return Answer(403, b"<html><body>403 Forbidden</body></html>", (("Content-Type", "text/html"),), Role.LIST)
        parameters = asked.parameters
        chosen = [column for column in columns if column.plan.id == parameters.get("pageId")]
        if not chosen or parameters.get("webId") != web_id(site) or parameters.get("tplSetId") != template_set(site):
            return json_answer({"success": False, "code": "500", "data": None})
        column = chosen[0]
        try:
            page = json.loads(parameters.get("paramJson") or "{}")
            number = int(page.get("pageNo", 1))
            size = min(LARGEST_PAGE, int(page.get("pageSize", column.plan.per_page)))
        except (ValueError, AttributeError):
            return json_answer({"success": False, "code": "500", "data": None})
        rows = column.rows[max(0, number - 1) * size : max(0, number) * size]
        items = "".join(
            f'<li><a class="news" target="_blank" href="{row.href}" title="{escape(row.title)}">'
            f'{escape(row.title)}</a><span class="time">{row.date:%Y-%m-%d}</span></li>'
            for row in rows
        )
        html = (
            f'<div id="{TAG}"><ul class="page-content">{items}</ul>'
            f'<div class="pagination" count="{len(column.rows)}" rows="{size}" current="{number}"></div></div>'
        )
        answer = {"success": True, "code": "200", "data": {"html": html}}
        return json_answer(answer, page=number, pages=pages_of(len(column.rows), size))

    def column_page(self, site: SitePlan, column: ColumnPlan) -> str:
        query = (
            f"{{'parseType':'bulidstatic','webId':'{web_id(site)}','tplSetId':'{template_set(site)}','pageType':'column',"
            f"'tagId':'{TAG}','editType':'null','pageId':'{column.id}'}}"
        )
        return f"""<!DOCTYPE html>
<html><head><meta charset="{site.declared}">
<meta name="SiteName" content="{escape(site.name)}"><meta name="SiteDomain" content="{site.host}">
<meta name="SiteIDCode" content="{site.code}"><meta name="ColId" content="{column.id}">
<meta name="ColumnName" content="{escape(column.name)}"><meta name="ColumnType" content="信息公开">
<title>{escape(column.name)}</title></head><body>
<div class="top"><a href="/">首页</a><a href="/col/col1/index.html">政务公开</a>\
<a href="/col/col2/index.html">政务服务</a></div>
<div class="list"><script type="text/javascript" src="/script/unitbuild.js" url="{UNIT}"
 queryData="{query}"></script></div>
{_footer(site)}
</body></html>
"""

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        document = row.document
        assert document is not None
        others = "".join(
            f'<li><a href="{other.href}">{escape(other.title)}</a><span>{other.date:%m-%d}</span></li>'
            for other in related_rows(column, row)
        )
        return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="{site.declared}">
<meta http-equiv="X-UA-Compatible" content="IE=edge">
<title>{escape(document.title)}</title>
{meta_tags(site, column.plan, row, document)}
</head><body>
<div class="top"><a href="/">首页</a><a href="/col/col1/index.html">政务公开</a>\
<a href="/col/col2/index.html">政务服务</a></div>
<div class="crumb">当前位置：<a href="/">首页</a> > 政府信息公开 > \
<a href="{self.column_path(site, column.plan)}">{escape(column.plan.name)}</a></div>
<div class="article"><h1 class="title">{escape(document.title)}</h1>
<div class="info"><span class="date">发布时间：{document.published:%Y-%m-%d %H:%M}</span>\
<span class="ly">来源：{escape(document.source)}</span>\
<span class="hits">浏览次数：<em id="hits"></em></span>\
<span class="share">分享到：<i class="wx"></i><i class="wb"></i></span>\
<span class="font">字号：【<a>大</a>】【<a>中</a>】【<a>小</a>】</span></div>
<div id="zoom" class="article-content">
{body_markup(document.blocks, site.paste)}
<div class="share-wrap"><span>分享:</span><a class="share-weixin"></a><a class="share-weibo"></a></div>
</div>
<div class="btns"><a href="javascript:window.print()">打印</a><a href="javascript:window.close()">关闭</a></div>
<div class="qrcode"><canvas></canvas><p>扫一扫在手机上打开当前页面</p></div>
</div>
<div class="related"><h3>相关信息</h3><ul>{others}</ul></div>
{_footer(site)}
</body></html>
"""


def _footer(site: SitePlan) -> str:
    return (
        f'<div class="footer"><p>主办单位：{escape(site.name)}　网站标识码：{site.code}</p>'
        f"<p>ICP备05000000号　公网安备{site.code}0000号　联系我们　网站地图</p></div>"
    )
