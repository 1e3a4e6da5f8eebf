"""TRS WCM with static lists: ``index.html``, ``index_1.html`` ... below the column's folder, pages counted from 0.

A detail page lies in the folder of the month in which it was made: ``YYYYMM/tYYYYMMDD_ID.html`` carries the day of
creation, not of publication. Titles are cut in the list and whole in the ``title`` attribute.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer
from deployments.portal.families.family import FilledColumn, Row, meta_tags, related_rows, shortened
from deployments.portal.markup import body_markup
from deployments.portal.publishers import ColumnPlan, SitePlan

_INDEX = re.compile(r"index(?:_(\d+))?\.(\w+)$")
TITLE_WIDTH = 20


class Trs:
    """Skin ``plain``: title and info line above the body. ``component``: newer templates with nested containers, the
    body in the innermost ``TRS_Editor``, and the column's name as ``title`` element.
    """

    def column_path(self, site: SitePlan, column: ColumnPlan) -> str:
        return f"{column.id}index.{site.extension}"

    def detail_path(self, site: SitePlan, column: ColumnPlan, document: Document) -> str:
        made = document.created
        return f"{column.id}{made:%Y%m}/t{made:%Y%m%d}_{document.serial}.{site.extension}"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        folder, _, name = asked.path.rpartition("/")
        for column in columns:
            if f"{folder}/" != column.plan.id:
                continue
            match = _INDEX.match(name or f"index.{site.extension}")
            if match is None or match[2] != site.extension:
                return None
            number = int(match[1] or 0)
            if number >= column.pages or match[1] == "0":
                return None
            text = self.column_page(site, column, number)
            return html_answer(text, charset=site.charset, declared=None, role=Role.LIST, page=number + 1)
        return None

    def column_page(self, site: SitePlan, column: FilledColumn, number: int) -> str:
        plan = column.plan
        items = "\n".join(self._item(plan, row) for row in column.page(number + 1))
        return f"""<!DOCTYPE html>
<html><head><meta http-equiv="Content-Type" content="text/html; charset={site.declared}">
<title>{escape(plan.name)}_{escape(site.name)}</title>
<meta name="SiteName" content="{escape(site.name)}"><meta name="SiteDomain" content="{site.host}">
<meta name="SiteIDCode" content="{site.code}"><meta name="ColumnName" content="{escape(plan.name)}">
</head><body>
{_navigation(site)}
<div class="position">您所在的位置：<a href="/">首页</a> &gt; <a href="../">政府信息公开</a> &gt; \
{escape(plan.name)}</div>
<div class="list"><ul class="list-t">
{items}
</ul></div>
<div class="page"><script type="text/javascript">
//createPageHTML(100, 0, "index", "{site.extension}");
createPageHTML({column.pages}, {number}, "index", "{site.extension}");
</script></div>
{_footer(site)}
</body></html>
"""

    def _item(self, column: ColumnPlan, row: Row) -> str:
        href = row.href
        if href.startswith(column.id):
            href = "./" + href.removeprefix(column.id)
        return (
            f'<li><a href="{href}" target="_blank" title="{escape(row.title)}">'
            f"{escape(shortened(row.title, TITLE_WIDTH))}</a><span>{row.date:%Y-%m-%d}</span></li>"
        )

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
{_navigation(site)}
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
{_footer(site)}
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
{_navigation(site)}
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
{_footer(site)}
</body></html>
"""


def _related(column: FilledColumn, row: Row) -> str:
    items = "".join(f'<li><a href="{o.href}">{escape(o.title)}</a></li>' for o in related_rows(column, row))
    return f'<div class="related"><h3>相关文章</h3><ul>{items}</ul></div>'


def _navigation(site: SitePlan) -> str:
    return (
        f'<div class="nav"><a class="logo" href="/">{escape(site.name)}</a><a href="/xw/">新闻中心</a>'
        '<a href="/zfxxgk/">政府信息公开</a><a href="/fw/">政务服务</a><a href="/hd/">互动交流</a></div>'
    )


def _footer(site: SitePlan) -> str:
    return (
        f'<div class="foot">主办单位：{escape(site.name)}　ICP备05000000号　网站标识码：{site.code}　'
        f"公网安备{site.code}0000号</div>"
    )
