"""Lists fed from published data blocks: the newest rows in the page, all of them in ``ds_<id>.json`` beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer, json_answer
from deployments.portal.families.article import article_page, shell
from deployments.portal.families.family import Family, FilledColumn, Row, hexadecimal
from deployments.portal.publishers import ColumnPlan, SitePlan


class Datasource(Family):
    platform = "datasource"

    def made_up_id(self, number: int) -> str:
        return f"/zwgk/fzjs{number}/"

    def column_path(self, _site: SitePlan, column: ColumnPlan) -> str:
        return column.id

    def detail_path(self, site: SitePlan, column: ColumnPlan, document: Document) -> str:
        name = hexadecimal(site.host, document.serial)
        return f"{_above(column)}{document.published:%Y%m%d}/{name}/c.html"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        for column in columns:
            block = hexadecimal(site.host, column.plan.id)
            if asked.path == column.plan.id:
                page = html_answer(
                    self.column_page(site, column, block),
                    charset=site.charset,
                    declared=site.declared,
                    role=Role.COLUMN,
                )
                return replace(page, page=1, pages=2)
            if asked.path == f"{column.plan.id}ds_{block}.json":
                listed = [
                    {
                        "title": row.title,
                        "publishUrl": _relative(column.plan, row),
                        "publishTime": f"{row.date:%Y-%m-%d} 08:00:00",
                        "summary": "",
                    }
                    for row in column.rows
                ]
                return json_answer({"datasource": listed}, page=2, pages=2)
        return None

    def column_page(self, site: SitePlan, column: FilledColumn, block: str) -> str:
        items = "".join(
            f'<li id="zhf"><a href="{_relative(column.plan, row)}" target="_blank">{escape(row.title)}</a>'
            f'<span class="date">({row.date:%Y-%m-%d})</span></li>'
            for row in column.page(1)
        )
        inner = f'<ul class="list01" data="datasource:{block}" datatype="ds" preview="ds_">{items}</ul>'
        return shell(site, column.plan, inner)

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        opening = '<div class="article-box" id="detailContent">'
        return article_page(site, column, row, column_path=column.plan.id, opening=opening, closing="</div>")


def _above(column: ColumnPlan) -> str:
    """The folder around the column's: details stand beside it."""
    return column.id.rstrip("/").rpartition("/")[0] + "/"


def _relative(column: ColumnPlan, row: Row) -> str:
    return row.href if "://" in row.href else "../" + row.href.removeprefix(_above(column))
