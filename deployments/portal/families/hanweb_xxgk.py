"""Hanweb 信息公开: a query page whose program answers with an HTML table, and with no total.

``/module/xxgk/search.jsp`` takes ``infotypeId``, ``jdid`` and ``area`` beside ``currpage``; links carry title, document
number and date as ``mc``, ``wh`` and ``rq``. A page past the end is a table without rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer
from deployments.portal.families.family import FilledColumn, Row, number_asked, pages_of
from deployments.portal.families.hanweb_jpage import HanwebJpage, footer, header, web_id
from deployments.portal.publishers import ColumnPlan, SitePlan

PROGRAMS = tuple(f"/module/xxgk/{name}.jsp" for name in ("search", "search_custom", "subjectinfo"))


class HanwebXxgk(HanwebJpage):
    def __init__(self) -> None:
        super().__init__()
        self.platform = "hanweb_xxgk"

    def parameters(self, site: SitePlan, column: ColumnPlan) -> Mapping[str, str]:
        return {
            "infotypeId": f"Y{int(column.id) % 1000:03d}C001",
            "jdid": str(web_id(site)),
            "area": f"0000{site.code[:5]}",
            "divid": f"div{column.id}",
        }

    def detail_path(self, site: SitePlan, column: ColumnPlan, document: Document) -> str:
        path = super().detail_path(site, column, document)
        return f"{path}?xxgkhide=1" if document.serial % 5 == 0 else path

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path in PROGRAMS:
            return self._table(site, columns, asked.parameters)
        for column in columns:
            if asked.path in (self.column_path(site, column.plan), f"/col/col{column.plan.id}/"):
                return html_answer(
                    self.column_page(site, column), charset=site.charset, declared=site.declared, role=Role.COLUMN
                )
        return None

    def _table(self, site: SitePlan, columns: Sequence[FilledColumn], asked: dict[str, str]) -> Answer:
        rows: list[Row] = []
        size = 20
        for column in columns:
            names = self.parameters(site, column.plan)
            if all(asked.get(key) == names[key] for key in ("infotypeId", "jdid", "area")):
                rows = [row for row in column.rows if asked.get("vc_title", "") in row.title]
                size = column.plan.per_page
        number = number_asked(asked, "currpage", 1)
        lines = "\n".join(map(_line, rows[(number - 1) * size : number * size]))
        answer = html_answer(f"\n<table>\n{lines}\n</table>\n", declared="utf-8", role=Role.LIST)
        return replace(answer, page=number, pages=pages_of(len(rows), size))

    def column_page(self, site: SitePlan, column: FilledColumn) -> str:
        names = "&".join(f"{key}={value}" for key, value in self.parameters(site, column.plan).items())
        return f"""<!DOCTYPE html>
<html><head><meta charset="{site.declared}"><title>{escape(column.plan.name)}</title></head><body>
{header(site)}
<h2>{escape(column.plan.name)}</h2><div id="div{column.plan.id}"></div>
<script>$.post('{PROGRAMS[0]}', '{names}&standardXxgk=1&isAllList=1&texttype=0&fbtime=-1&vc_all=&vc_filenumber=\
&vc_title=&vc_number=&currpage=1&sortfield=,compaltedate:0', show);</script>
{footer(site)}
</body></html>
"""


def _line(row: Row) -> str:
    title, number = escape(row.title), row.document.doc_number if row.document else ""
    return (
        f'<tr><td><a href="{row.href}" mc="{title}" wh="{number}" rq="{row.date:%Y-%m-%d}" target="_blank">{title}</a>'
        f"</td><td>{row.date:%Y-%m-%d}</td></tr>"
    )
