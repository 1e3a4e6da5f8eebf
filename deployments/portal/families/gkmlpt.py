"""The disclosure platform of one southern province: a tree of categories in the index page, articles as JSON.

``api/all/{category}`` gives 100 articles a page, category 0 is everything; times are Unix seconds. The platform
stands in the folder of a sub-site, and its host speaks plain HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer, json_answer
from deployments.portal.families.family import Family, FilledColumn, Row, meta_tags, number_asked, pages_of
from deployments.portal.markup import body_markup
from deployments.portal.publishers import ColumnPlan, SitePlan

PAGE_SIZE = 100
_CHINA = timezone(timedelta(hours=8))
_PARENT = 1


def root(site: SitePlan) -> str:
    """Path of the platform: below the folder of a sub-site."""
    return f"/{site.host.split('.')[1].partition('-')[0]}fb/gkmlpt"


def site_id(site: SitePlan) -> str:
    return f"2{int(site.code[1:6]) % 100_000:05d}"


def seconds(day: date) -> int:
    """Unix time of midnight in China."""
    return int(datetime(day.year, day.month, day.day, tzinfo=_CHINA).timestamp())


class Gkmlpt(Family):
    platform = "gkmlpt"

    def made_up_id(self, number: int) -> str:
        return str(5000 + number)

    def column_path(self, site: SitePlan, column: ColumnPlan) -> str:
        return f"{root(site)}/index#{column.id}"

    def detail_path(self, site: SitePlan, _column: ColumnPlan, document: Document) -> str:
        serial = str(document.serial)
        return f"{root(site)}/content/{serial[0]}/{serial[:4]}/post_{serial}.html"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path in (f"{root(site)}/index", f"{root(site)}/"):
            return html_answer(self._index_page(site, columns), charset=site.charset, role=Role.COLUMN)
        match = re.fullmatch(rf"{root(site)}/api/all/(\d+)", asked.path)
        if match is None:
            return None
        rows = [row for one in columns if match[1] in ("0", str(_PARENT), one.plan.id) for row in one.rows]
        if asked.parameters.get("sid") != site_id(site):
            rows = []
        rows.sort(key=lambda row: row.date, reverse=True)
        names = {row.href: column.plan.name for column in columns for row in column.rows}
        number = number_asked(asked.parameters, "page", 1)
        articles = [_article(site, row, names[row.href]) for row in rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]]
        answer = {"articles": articles, "classify": {"post_count": len(rows)}, "total": len(rows)}
        return json_answer(answer, page=number, pages=pages_of(len(rows), PAGE_SIZE))

    def _index_page(self, site: SitePlan, columns: Sequence[FilledColumn]) -> str:
        leaves = ",\n".join(
            f"{{id:{column.plan.id},name:'{column.plan.name}',children:[],jump_url:'',post_count:{len(column.rows)}}}"
            for column in columns
        )
        total = sum(len(column.rows) for column in columns)
        return f"""<!DOCTYPE html>
<html><head><meta charset="{site.declared}"><title>政府信息公开 - {escape(site.name)}</title>
<script>
window._CONFIG = {{ // 栏目树
 SITE_NAME:'{site.name}', SID:'{site_id(site)}',
 TREE:[{{id:{_PARENT},name:'法定主动公开内容',children:[{leaves}],jump_url:'',post_count:{total}}},
  {{id:9,name:'政府公报',children:[],jump_url:'http://{site.host}/zfgb/',post_count:0}}],
 SERVICE_AREA_ID:'{site_id(site)}'
}};
</script></head><body><div id="app"></div><script src="{root(site)}/static/app.js"></script></body></html>
"""

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        document = row.document
        assert document is not None
        return f"""<!DOCTYPE html>
<html><head><meta charset="{site.declared}"><title>{escape(document.title)}</title>
{meta_tags(site, column.plan, row, document)}
<script>window._CONFIG = {{SID:'{site_id(site)}', DETAIL:{{id:{document.serial}, title:'{document.title}'}}}};</script>
</head><body>
<div class="head"><a href="/">{escape(site.name)}</a><a href="{root(site)}/index">政府信息公开目录</a></div>
<div class="classify"><table>
<tr><td>索引号:</td><td>{document.index_number}</td><td>分类:</td><td>{escape(column.plan.name)}</td></tr>
<tr><td>发布机构:</td><td>{escape(document.source)}</td><td>成文日期:</td><td>{document.written:%Y-%m-%d}</td></tr>
<tr><td>名称:</td><td colspan="3">{escape(document.title)}</td></tr>
<tr><td>文号:</td><td>{document.doc_number}</td><td>发布日期:</td><td>{document.published:%Y-%m-%d}</td></tr>
<tr><td>主题词:</td><td colspan="3"></td></tr></table></div>
<h1 class="title">{escape(document.title)}</h1>
<div class="date">发布日期：{document.published:%Y-%m-%d}　来源：{escape(document.source)}　浏览次数：- 次</div>
<div class="article-content">
{body_markup(document.blocks, site.paste)}
</div>
<div class="share">分享到：<a>微信</a><a>微博</a></div>
<div class="foot">网站标识码：{site.code}</div>
</body></html>
"""


def _article(site: SitePlan, row: Row, category: str) -> dict[str, object]:
    document = row.document
    shown, made = seconds(row.date), seconds(document.created if document else row.date)
    return {
        "id": document.serial if document else 0,
        "title": row.title,
        "url": row.href if "://" in row.href else site.root + row.href,
        "post_url": "",
        "publisher": document.source if document else "",
        "document_number": document.doc_number if document else "",
        "identifier": document.index_number if document else "",
        "date": shown,
        "create_time": made,
        "first_publish_time": shown,
        "display_publish_time": shown,
        "created_at": made,
        "classify_main_name": category,
        "classify_genre_name": "",
        "classify_theme_name": "",
        "is_expired": 0,
        "is_abolished": 0,
        "attachment": [],
    }
