"""安徽集约化 (龙讯-like): HTML rows from ``/site/label/8888``, without a total.

A page past the end holds no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer
from deployments.portal.families.article import article_page, shell
from deployments.portal.families.family import Family, FilledColumn, Row, number_asked, pages_of
from deployments.portal.publishers import ColumnPlan, SitePlan

LABEL = "/site/label/8888"
MOST_ROWS = 50


def site_id(site: SitePlan) -> str:
    return str(6_700_000 + int(site.code[2:6]))


class Lonsun(Family):
    """A column's id is ``<organ>/<category>``."""

    platform = "lonsun"

    def made_up_id(self, number: int) -> str:
        return f"1681/{7000 + number}"

    def parameters(self, site: SitePlan, _column: ColumnPlan) -> Mapping[str, str]:
        return {"siteId": site_id(site)}

    def column_path(self, _site: SitePlan, column: ColumnPlan) -> str:
        organ, category = column.id.split("/")
        return f"/public/column/{organ}?type=4&catId={category}"

    def detail_path(self, _site: SitePlan, column: ColumnPlan, document: Document) -> str:
        return f"/zwgk/public/{column.id.split('/')[0]}/{60_000_000 + document.serial}.html"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        parameters = asked.parameters
        if asked.path == LABEL:
            wanted = f"{parameters.get('organId')}/{parameters.get('catId')}"
            chosen = [one for one in columns if one.plan.id == wanted and parameters.get("siteId") == site_id(site)]
            return _label(chosen[0].rows if chosen else (), parameters)
        for column in columns:
            organ, category = column.plan.id.split("/")
            if asked.path == f"/public/column/{organ}" and parameters.get("catId") == category:
                inner = f'<div class="xxgk_nav_con" data-url="{LABEL}" data-siteid="{site_id(site)}"></div>'
                return html_answer(shell(site, column.plan, inner), charset=site.charset, role=Role.COLUMN)
        return None

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        path = escape(self.column_path(site, column.plan))
        opening = '<div class="wenzhang" id="zoom"><div class="j-fontContent">'
        return article_page(site, column, row, column_path=path, opening=opening, closing="</div></div>")


def _label(rows: Sequence[Row], asked: Mapping[str, str]) -> Answer:
    number, size = number_asked(asked, "pageIndex", 1), number_asked(asked, "pageSize", 16, MOST_ROWS)
    text = "\n".join(
        f'<div class="xxgk_navli"><a href="{row.href}" title="{escape(row.title)}">{escape(row.title)}</a>'
        f'<span class="date">{row.date:%Y-%m-%d}</span></div>'
        for row in rows[(number - 1) * size : number * size]
    )
    answer = html_answer(text + "\n", declared="utf-8", role=Role.LIST)
    return replace(answer, page=number, pages=pages_of(len(rows), size))
