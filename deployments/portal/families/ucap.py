"""UCAP 开普: a list program in JSON that carries texts as well, and static lists in the manner of TRS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from deployments.portal.documents import Document
from deployments.portal.exchange import Answer, Asked, Role, html_answer, json_answer, script_answer
from deployments.portal.families.article import article_page, shell
from deployments.portal.families.family import FilledColumn, Row, hexadecimal, number_asked, pages_of
from deployments.portal.families.static_pagers import Place, in_container
from deployments.portal.families.trs import Trs, date_first
from deployments.portal.publishers import ColumnPlan, SitePlan

MOST_ROWS = 100
SEARCH = "/so/ss/query/s"
LIST_SCRIPT = "/xhtml/js/list.js"
_FILL = """function load(page) {
  var asked = {page: page, _pageSize: 15, _isAgg: true, _isJson: true, _template: "index"};
  $.getJSON("/common/search/" + channelId, asked, function (answer) { fill(answer.data); });
}
load(1);
"""


def channel(column: ColumnPlan) -> str:
    """``c100001`` of the folder ``/zwgk/c100001/``."""
    return column.id.strip("/").rsplit("/", 1)[-1]


class UcapStatic(Trs):
    """``common_list.shtml``, ``common_list_2.shtml`` ...: a second document is nested in the body before the list."""

    sends_charset = True

    def __init__(self) -> None:
        super().__init__("common_list", 1, in_container, date_first)

    def made_up_id(self, number: int) -> str:
        return f"/zwgk/c{100_000 + number}/"

    def detail_path(self, site: SitePlan, column: ColumnPlan, document: Document) -> str:
        return f"{column.id}{document.created:%Y%m}/{hexadecimal(site.host, document.serial)}.shtml"

    def column_page(self, site: SitePlan, column: FilledColumn, number: int) -> str:
        items = "\n".join(date_first(row, row.href) for row in column.page(number))
        place = Place(number, column.pages, len(column.rows), self._stem, site.extension)
        inner = f"""<!DOCTYPE html><html><head><title>头部</title></head><body><div class="header"></div></body></html>
<div class="gl-r"><ul class="gl-list">
{items}
{in_container(place)}
</ul></div>"""
        return shell(site, column.plan, inner)

    def detail_page(self, site: SitePlan, column: FilledColumn, row: Row) -> str:
        document = row.document
        assert document is not None
        marks = (
            f"<UCAPTITLE>{escape(document.title)}</UCAPTITLE>"
            f"<PUBLISHTIME>{document.published:%Y-%m-%d %H:%M}</PUBLISHTIME>"
        )
        return article_page(
            site,
            column,
            row,
            column_path=self.column_path(site, column.plan),
            before=marks,
            opening='<div id="UCAP-CONTENT"><UCAPCONTENT>',
            closing="</UCAPCONTENT></div>",
        )


class Ucap(UcapStatic):
    """The list comes from ``/common/search/{channelId}``; the column page is a shell."""

    platform = "ucap"

    def column_path(self, _site: SitePlan, column: ColumnPlan) -> str:
        return f"{column.id}list.shtml"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        for column in columns:
            if asked.path == self.column_path(site, column.plan):
                inner = f"""<div id="page-list"></div><script>var channelId = "{channel(column.plan)}";</script>
<script src="{LIST_SCRIPT}"></script>"""
                return html_answer(shell(site, column.plan, inner), charset=site.charset, role=Role.COLUMN)
        if asked.path == LIST_SCRIPT:
            return script_answer(_FILL)
        if asked.path == SEARCH:
            return _search(site, columns, asked)
        match = re.fullmatch(r"/common/search/(c\d+)", asked.path)
        found = next((one for one in columns if match and match[1] == channel(one.plan)), None)
        if match is None:
            return None
        rows = found.rows if found else ()
        number = number_asked(asked.parameters, "page", 1)
        size = number_asked(asked.parameters, "_pageSize", 15, MOST_ROWS)
        results = [_result(site, row) for row in rows[(number - 1) * size : number * size]]
        answer = {"data": {"total": len(rows), "page": number, "rows": size, "results": results}}
        return json_answer(answer, page=number, pages=pages_of(len(rows), size))


def _search(site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer:
    """The search of the site, over all its columns: every word must stand in the title, and is marked there.

    The form says which site by its 网站标识码; of an answer only ``ok``, ``totalHits`` and ``resultDocs`` are known.
    """
    parameters = asked.parameters
    words = parameters.get("qt", "").split()
    if parameters.get("siteCode") != site.code or not words:
        return json_answer({"ok": False, "msg": "siteCode"})
    rows = [row for one in columns for row in one.rows if all(word in row.title for word in words)]
    number, size = number_asked(parameters, "page", 1), number_asked(parameters, "pageSize", 20, MOST_ROWS)
    found = [
        {
            "data": {
                "title": _marked(row.title, words),
                "titleO": row.title,
                "url": row.href if "://" in row.href else site.root + row.href,
                "docDate": f"{row.date} 00:00:00",
            }
        }
        for row in rows[(number - 1) * size : number * size]
    ]
    answer = {"ok": True, "totalHits": len(rows), "resultDocs": found}
    return json_answer(answer, page=number, pages=pages_of(len(rows), size))


def _marked(title: str, words: Sequence[str]) -> str:
    for word in words:
        title = title.replace(word, f"<em>{word}</em>")
    return title


def _result(site: SitePlan, row: Row) -> dict[str, object]:
    document = row.document
    address = row.href if "://" in row.href else site.root + row.href
    if document is None:
        return {"title": row.title, "url": address, "publishedTimeStr": f"{row.date} 00:00:00", "domainMetaList": []}
    facts = {
        "refno": document.doc_number,
        "writedate": f"{document.written}",
        "pubdate": f"{row.date}",
        "indexnumber": document.index_number,
        "theme": "",
        "source": document.source,
    }
    summary = f"{row.title.removesuffix('的报告')}如下……"
    return {
        "title": row.title,
        "url": address,
        "content": summary,
        "contentHtml": f"<p>{escape(summary)}</p>",
        "publishedTimeStr": f"{document.published:%Y-%m-%d %H:%M}:00",
        "domainMetaList": [{"resultList": [{"key": key, "value": value} for key, value in facts.items()]}],
    }
