"""Pages of families whose templates the project has no record of: a shell for columns, and a plain article page."""

from __future__ import annotations

from html import escape

from deployments.portal.families.family import FilledColumn, Row, meta_tags, related_rows
from deployments.portal.markup import body_markup
from deployments.portal.publishers import ColumnPlan, SitePlan


def shell(site: SitePlan, column: ColumnPlan, inner: str, *, head: str = "") -> str:
    """A column page around ``inner``: navigation before it, footer behind it."""
    return f"""<!DOCTYPE html>
<html><head><meta charset="{site.declared}">
<meta name="SiteName" content="{escape(site.name)}"><meta name="SiteDomain" content="{site.host}">
<meta name="SiteIDCode" content="{site.code}"><meta name="ColumnName" content="{escape(column.name)}">
<title>{escape(column.name)}</title>{head}</head><body>
{_navigation(site)}
<div class="dqwz">当前位置：<a href="/">首页</a> &gt; {escape(column.name)}</div>
{inner}
{_footer(site)}
</body></html>
"""


def article_page(
    site: SitePlan, column: FilledColumn, row: Row, *, column_path: str, before: str = "", opening: str, closing: str
) -> str:
    """A detail page; ``opening`` and ``closing`` are the family's marks around the body, ``before`` stands above it."""
    document = row.document
    assert document is not None
    others = "".join(f'<li><a href="{o.href}">{escape(o.title)}</a></li>' for o in related_rows(column, row))
    return f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="{site.declared}">
<title>{escape(document.title)}_{escape(site.name)}</title>
{meta_tags(site, column.plan, row, document)}
</head><body>
{_navigation(site)}
<div class="dqwz">当前位置：<a href="/">首页</a> &gt; <a href="{column_path}">{escape(column.plan.name)}</a></div>
{before}
<h1 class="bt">{escape(document.title)}</h1>
<div class="xx"><span>发布时间：{document.published:%Y-%m-%d %H:%M}</span><span>来源：{escape(document.source)}</span>\
<span>浏览次数：<i id="count"></i></span><span>【字体：<a>大</a> <a>中</a> <a>小</a>】</span></div>
{opening}
{body_markup(document.blocks, site.paste)}
{closing}
<div class="gj"><a href="javascript:window.print()">打印本页</a><a href="javascript:window.close()">关闭窗口</a></div>
<div class="xgxx"><h3>相关信息</h3><ul>{others}</ul></div>
{_footer(site)}
</body></html>
"""


def _navigation(site: SitePlan) -> str:
    return (
        f'<div class="nav"><a class="logo" href="/">{escape(site.name)}</a><a href="/xwzx/">新闻资讯</a>'
        '<a href="/zwgk/">政务公开</a><a href="/bsfw/">办事服务</a></div>'
    )


def _footer(site: SitePlan) -> str:
    return (
        f'<div class="foot">主办：{escape(site.name)}　网站标识码：{site.code}　ICP备05000000号　'
        f"公网安备{site.code}0000号</div>"
    )
