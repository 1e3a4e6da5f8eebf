"""TRS WCM with static lists: ``index.html``, ``index_1.html`` ... below the column's folder.

Files are called ``index`` or otherwise and counted from 0 or from 1; ``static_pagers`` has the scripts that say so.

A detail page lies in the folder of the month in which it was made: ``YYYYMM/tYYYYMMDD_ID.html`` carries the day of
creation, not of publication. Titles are cut in the list and whole in the ``title`` attribute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer
from deployments.portal.families.family import Family, FilledColumn, Row, meta_tags, related_rows, shortened
from deployments.portal.families.static_pagers import Pager, Place, commented_out_first
from deployments.portal.markup import body_markup
from deployments.portal.publishers import ColumnPlan, SitePlan

TITLE_WIDTH = 20

Item = Callable[[Row, str], str]
"""A row with its address as the page writes it -> its ``li``."""


def cut_title(row: Row, href: str) -> str:
    """The title cut, and whole in the attribute; the date behind."""
    return (
        f'<li><a href="{href}" target="_blank" title="{escape(row.title)}">'
        f"{escape(shortened(row.title, TITLE_WIDTH))}</a><span>{row.date:%Y-%m-%d}</span></li>"
    )


def date_first(row: Row, href: str) -> str:
    """The date before the link, whose title attribute is there and empty."""
    return (
        f'<li><span class="date">{row.date:%Y-%m-%d}</span>'
        f'<a href="{href}" target="_blank" title="">{escape(row.title)}</a></li>'
    )


def with_related(row: Row, href: str) -> str:
    """Links to interpretations in a box inside the row, as policy columns have them: no rows of the list."""
    box = ""
    if "方案" in row.title or "通知" in row.title:
        name = f"《{row.title.removeprefix('关于印发')}》解读"
        box = (
            '<div class="popbox"><span class="jd">相关解读</span><ul>'
            f'<li><a href="../../jd/t{row.date:%Y%m%d}_{sum(map(ord, row.href))}.html" title="{escape(name)}">'
            f"{escape(name)}</a></li></ul></div>"
        )
    return f'<li>\n<a href="{href}" target="_blank">{escape(row.title)}</a>\n<span>{row.date:%Y/%m/%d}</span>{box}</li>'


class Trs(Family):
    """``stem`` is the name of list files, ``counted_from`` the number of the first page, which is not in its name.

    Skin ``plain``: title and info line above the body. ``component``: newer templates with nested containers, the
    body in the innermost ``TRS_Editor``, and the column's name as ``title`` element.
    """

    platform = "trs"
    sends_charset = False

    def __init__(
        self, stem: str = "index", counted_from: int = 0, pager: Pager = commented_out_first, item: Item = cut_title
    ) -> None:
        self._stem, self._counted_from, self._pager, self._item = stem, counted_from, pager, item

    def made_up_id(self, _number: int) -> str:
        return "/zwgk/fzzfjs/"

    def column_path(self, site: SitePlan, column: ColumnPlan) -> str:
        return f"{column.id}{self._stem}.{site.extension}"

    def detail_path(self, site: SitePlan, column: ColumnPlan, document: Document) -> str:
        made = document.created
        return f"{column.id}{made:%Y%m}/t{made:%Y%m%d}_{document.serial}.{site.extension}"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        folder, _, name = asked.path.rpartition("/")
        for column in columns:
            if f"{folder}/" != column.plan.id:
                continue
            number = self._page_number(site, name)
            if number is None or number > column.pages:
                return None
            text = self.column_page(site, column, number)
            page = html_answer(text, charset=site.charset, declared=None, role=Role.LIST)
            return replace(page, page=number, pages=column.pages)
        return None

    def _page_number(self, site: SitePlan, name: str) -> int | None:
        """Number of the page in the file ``name``, from 1."""
        if name in ("", f"{self._stem}.{site.extension}"):
            return 1
        match = re.fullmatch(rf"{self._stem}_([1-9]\d*)\.{site.extension}", name)
        number = int(match[1]) + 1 - self._counted_from if match else 0
        return number if number > 1 else None

    def column_page(self, site: SitePlan, column: FilledColumn, number: int) -> str:
        plan = column.plan
        items = "\n".join(self._item(row, self._href(plan, row)) for row in column.page(number))
        place = Place(number, column.pages, len(column.rows), self._stem, site.extension)
        return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset={site.declared}">
<title>{escape(plan.name)}_{escape(site.name)}</title>
<meta name="SiteName" content="{escape(site.name)}"><meta name="SiteDomain" content="{site.host}">
<meta name="SiteIDCode" content="{site.code}"><meta name="ColumnName" content="{escape(plan.name)}">
</head><body>
{navigation(site)}
<div class="position">您所在的位置：<a href="/">首页</a> &gt; <a href="../">政府信息公开</a> &gt; \
{escape(plan.name)}</div>
<div class="list"><ul class="list-t">
{items}
</ul></div>
{self._pager(place)}
{footer(site)}
</body></html>
"""

    def _href(self, column: ColumnPlan, row: Row) -> str:
        return "./" + row.href.removeprefix(column.id) if row.href.startswith(column.id) else row.href

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        document = row.document
        assert document is not None
        return (_component_page if site.skin == "component" else _plain_page)(site, column, row, document)


def _plain_page(site: SitePlan, column: FilledColumn, row: Row, document: Document) -> str:
    return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset={site.declared}">
<title>{escape(document.title)} - {escape(site.name)}</title>
{meta_tags(site, column.plan, row, document, upper=True)}
</head><body>
{navigation(site)}
<div class="position">您所在的位置：<a href="/">首页</a> &gt; <a href="../../">政府信息公开</a> &gt; \
<a href="../">{escape(column.plan.name)}</a></div>
<div class="articleWrapper">
<div class="xxgk"><ul><li><b>索 引 号：</b>{document.index_number}</li>\
<li><b>发布机构：</b>{escape(document.source)}</li>\
<li><b>文　　号：</b>{document.doc_number}</li><li><b>成文日期：</b>{document.written:%Y年%m月%d日}</li></ul></div>
<h2 class="title">{escape(document.title)}</h2>
<div class="info"><span>发布时间：{document.published:%Y-%m-%d %H:%M}</span> | \
<span>来源：{escape(document.source)}</span> | <span>浏览次数：<em id="hits">1024</em></span> | \
<a>收藏</a> <a href="javascript:window.print()">打印</a></div>
<div class=TRS_Editor><style type="text/css">
.TRS_Editor P{{line-height:2;font-family:宋体;font-size:16px}}.TRS_Editor TD{{line-height:1.5}}
</style>
{body_markup(document.blocks, site.paste)}
<div class="qr"><img src="/images/qr.png"><p>扫一扫在手机上查看当前页面</p></div></div>
<p class="bj">责任编辑：{escape(document.source)}</p></div>
{_related(column, row)}
{footer(site)}
</body></html>
"""


def _component_page(site: SitePlan, column: FilledColumn, row: Row, document: Document) -> str:
    return f"""<!DOCTYPE html>
<html lang="zh"><head><meta charset="{site.declared}">
<title>
 {escape(column.plan.name)}
 _{escape(site.name)}
</title>
{meta_tags(site, column.plan, row, document)}
</head><body>
{navigation(site)}
<div class="position">当前位置：<a href="/">首页</a> &gt; <a href="../">{escape(column.plan.name)}</a></div>
<div class="article_component">
<div class="article_title_group"><h1 class="article_title">{escape(document.title)}</h1></div>
<div class="article_extend"><span>{document.published:%Y-%m-%d %H:%M}</span>\
<span>来源：{escape(document.source)}</span><span>浏览量：<i id="count"></i></span>
<span class="share">分享到：<a title="分享到微信">微信</a><a title="分享到新浪微博">微博</a>\
<a title="分享到QQ空间">QQ空间</a></span></div>
<div class="tabs"><ul><li><a href="javascript:;">全真版</a></li><li><a href="javascript:;">文字版</a></li></ul></div>
<div class="article_area"><div class="article_content article_content_01">
<div class="TRS_Editor"><div class=TRS_Editor>
{body_markup(document.blocks, site.paste)}
</div></div>
</div></div>
<div class="article_attachment"><div class="title_base">附件下载</div><ul id="file_ul_fj"></ul></div>
<div class="article_qrcode"><p>扫一扫在手机上查看当前页面</p><div class="ewm-img"></div></div>
<div class="article_btn_group"><button title="关闭">关闭</button><button title="打印">打印</button></div>
</div>
{_related(column, row)}
{footer(site)}
</body></html>
"""


def _related(column: FilledColumn, row: Row) -> str:
    items = "".join(f'<li><a href="{o.href}">{escape(o.title)}</a></li>' for o in related_rows(column, row))
    return f'<div class="related"><h3>相关文章</h3><ul>{items}</ul></div>'


def navigation(site: SitePlan) -> str:
    return (
        f'<div class="nav"><a class="logo" href="/">{escape(site.name)}</a><a href="/xw/">新闻中心</a>'
        '<a href="/zfxxgk/">政府信息公开</a><a href="/fw/">政务服务</a><a href="/hd/">互动交流</a></div>'
    )


def footer(site: SitePlan) -> str:
    return (
        f'<div class="foot">主办单位：{escape(site.name)}　ICP备05000000号　网站标识码：{site.code}　'
        f"公网安备{site.code}0000号</div>"
    )
