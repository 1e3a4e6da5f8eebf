"""TRS lists that a program answers: WAS5 (XML or JSON), its mixture with a static first page, IGS, a site's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape

from deployments.portal.exchange import Answer, Asked, Role, html_answer, json_answer, script_answer
from deployments.portal.families.article import shell
from deployments.portal.families.family import FilledColumn, Row, number_asked, pages_of
from deployments.portal.families.trs import Trs
from deployments.portal.publishers import ColumnPlan, SitePlan

LIST_SCRIPT = "/js/list.js"
WAS5 = "/was5/web/search"
SEARCH_FILE = "/zwgk/publicInfo/searchFile"
IGS = "/igs/front/search/list.html"
IGS_MOST_PAGES = 1000
"""The program shows no page beyond this one and states no more, whatever the total."""


def number_of(site: SitePlan, column: ColumnPlan) -> int:
    """The column's number in the search: six digits that depend on site and folder alone."""
    return 100_000 + sum(place * ord(letter) for place, letter in enumerate(site.host + column.id, 1)) % 900_000


def address(site: SitePlan, row: Row) -> str:
    return row.href if "://" in row.href else site.root + row.href


class _Searched(Trs):
    """Detail pages as TRS has them; the column page is a shell that a file of the site's own fills.

    The page states what is the column's, the file what is the site's, as scripts of such sites part it.
    """

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        for column in columns:
            if asked.path in (column.plan.id, self.column_path(site, column.plan)):
                inner = f"""<div class="list" id="list"></div><div class="page" id="page"></div>
<script type="text/javascript">{self.stated(site, column.plan)}</script>
<script type="text/javascript" src="{LIST_SCRIPT}"></script>"""
                return html_answer(shell(site, column.plan, inner), charset=site.charset, role=Role.COLUMN)
        return script_answer(self.list_script()) if asked.path == LIST_SCRIPT else None

    def stated(self, site: SitePlan, column: ColumnPlan) -> str:
        """What the column page says to the script that fills it."""
        return f'var channelid = "{number_of(site, column)}";'

    def list_script(self) -> str:
        """The site's file that asks the program for a page and shows it."""
        raise NotImplementedError


class TrsWas5(_Searched):
    """Answers are XML, or JSON that holds raw line breaks inside its strings (key names of the JSON are made up)."""

    platform = "trs_was5"

    def __init__(self, *, json: bool = False) -> None:
        super().__init__()
        self._json = json

    def parameters(self, site: SitePlan, column: ColumnPlan) -> Mapping[str, str]:
        given = {"channelid": str(number_of(site, column))}
        return {**given, "templet": "docs.jsp", "sortfield": "-pubdate"} if self._json else {**given, "method": "POST"}

    def list_script(self) -> str:
        if self._json:
            return """// 列表分页
var prepage = 10;
function showPage(n) {
  var address = "/was5/web/search?channelid=" + channelid + "&templet=docs.jsp&sortfield=-pubdate&prepage=" + prepage;
  $.get(address + "&page=" + n, function (text) { fill(eval("(" + text + ")")); });
}
$(function () { showPage(1); });
"""
        return """$(function () {
  function showPage(n) {
    $.ajax({
      url: "/was5/web/search",
      type: "POST",
      dataType: "xml",
      data: {channelid: channelid, prepage: 10, page: n},
      success: function (xml) { fill($(xml).find("REC"), $(xml).find("RECORDCOUNT").text()); }
    });
  }
  showPage(1);
});
"""

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path != WAS5:
            return super().listing(site, columns, asked)
        found = [one for one in columns if str(number_of(site, one.plan)) == asked.parameters.get("channelid")]
        rows = found[0].rows if found else ()
        number, size = number_asked(asked.parameters, "page", 1), number_asked(asked.parameters, "prepage", 10, 100)
        shown = rows[(number - 1) * size : number * size]
        answer = _was5_json(site, shown, len(rows)) if self._json else _was5_xml(site, shown, len(rows))
        return replace(answer, page=number, pages=pages_of(len(rows), size))


def _was5_xml(site: SitePlan, rows: Sequence[Row], total: int) -> Answer:
    records = "\n".join(
        f"<REC><TITLE>{escape(row.title)}</TITLE><URL>{escape(address(site, row))}</URL>"
        f"<DOCRELTIME>{row.date:%Y-%m-%d}</DOCRELTIME></REC>"
        for row in rows
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<RESULT>\n<RECORDCOUNT>{total}</RECORDCOUNT>\n{records}\n</RESULT>'
    return Answer(200, text.encode(), (("Content-Type", "text/xml; charset=utf-8"),), Role.LIST)


def _was5_json(site: SitePlan, rows: Sequence[Row], total: int) -> Answer:
    docs = ",".join(
        f'{{"title":"{row.title}","url":"{address(site, row)}","time":"{row.date:%Y-%m-%d} 09:00:00",'
        f'"summary":"{row.title}。\n各有关单位：\n"}}\n'
        for row in rows
    )
    text = f'\n\n{{"count":"{total}","docs":[{docs}]}}\n'
    return Answer(200, text.encode(), (("Content-Type", "application/json; charset=utf-8"),), Role.LIST)


class TrsJson(_Searched):
    """A program of the site's own (``zwgk/publicInfo/searchFile`` of 黑龙江; its answer's key names are made up)."""

    platform = "json_list"

    def _address(self, site: SitePlan, column: ColumnPlan) -> str:
        return f"{SEARCH_FILE}?chanPath={number_of(site, column)}&limit=10"

    def parameters(self, site: SitePlan, column: ColumnPlan) -> Mapping[str, str]:
        return {"address": self._address(site, column), "page": "page"}

    def stated(self, site: SitePlan, column: ColumnPlan) -> str:
        return f"""function showPage(n) {{
  $.getJSON("{self._address(site, column)}&page=" + n, fill);
}}"""

    def list_script(self) -> str:
        return "$(function () { showPage(1); });\n"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path != SEARCH_FILE:
            return super().listing(site, columns, asked)
        parameters = asked.parameters
        found = [one for one in columns if str(number_of(site, one.plan)) == parameters.get("chanPath")]
        rows = found[0].rows if found else ()
        number, size = number_asked(parameters, "page", 1), number_asked(parameters, "limit", 10, 100)
        data = [
            {"id": number_of_row(row), "title": row.title, "url": address(site, row), "publishTime": f"{row.date}"}
            for row in rows[(number - 1) * size : number * size]
        ]
        return json_answer({"code": 0, "data": data}, page=number, pages=pages_of(len(rows), size))


def number_of_row(row: Row) -> int:
    return row.document.serial if row.document else 0


class TrsApi(Trs):
    """``listModel`` with 动静结合: page 1 is in the page, whose rows are ``dl``; the others come from WAS5."""

    platform = "trs_api"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        for column in columns:
            if asked.path in (column.plan.id, self.column_path(site, column.plan)):
                page = html_answer(self._first_page(site, column), charset=site.charset, role=Role.COLUMN)
                return replace(page, page=1, pages=column.pages)
        if asked.path != WAS5:
            return None
        parameters = asked.parameters
        known = {f"chnlid={number_of(site, column.plan)}": column for column in columns}
        found = known.get(parameters.get("classsql", ""))
        if found is None or parameters.get("channelid") != _channel(site):
            return json_answer({"count": "0", "docs": []})
        number, size = number_asked(parameters, "page", 1), number_asked(parameters, "prepage", 10, 100)
        docs = [
            {
                "docid": str(number_of_row(row)),
                "doctitle": row.title,
                "chnldocurl": address(site, row),
                "docreltime": f"{row.date:%Y-%m-%d} 00:00:00",
            }
            for row in found.rows[(number - 1) * size : number * size]
        ]
        pages = pages_of(len(found.rows), size)
        return json_answer({"count": str(len(found.rows)), "docs": docs}, page=number, pages=pages)

    def _first_page(self, site: SitePlan, column: FilledColumn) -> str:
        rows = "\n".join(
            f'<dl class="list_base"><dd class="bt"><a href="{self._href(column.plan, row)}" title="{escape(row.title)}"'
            f' target="_blank">{escape(row.title)}</a></dd><dd class="rq">{row.date:%Y-%m-%d}</dd></dl>'
            for row in column.page(1)
        )
        inner = f"""<div class="list_head"><dl><dt>标题</dt><dt>发布日期</dt></dl></div>
<div class="list_body">{rows}</div>
<div class="list_body" style="display:none" ms-controller="list"><dl ms-for="el in docs"><dd class="bt">\
<a ms-attr-href="el.chnldocurl" ms-attr-title="el.doctitle" ms-text="el.doctitle|html" target="_blank"></a></dd>\
<dd class="rq" ms-text="el.docreltime|date('yyyy-MM-dd')"></dd></dl></div>
<script>
require(["list2.trsapi", "tools"], function(listModel, tools) {{
  listModel({{
    quickMode: "动静结合",
    maxStaticIndex: 1,
    listArgs: {{
      channelid: SiteInfo.searchId,
      classsql: "" || "chnlid={number_of(site, column.plan)}",
      sortfield: "-docorderpri,-docreltime"
    }},
    pagebar: {{
      prepage: {column.plan.per_page},
      recordCount: '{len(column.rows)}',
      pgTemp: "pgBar.html",
      pgCountMode: "recordCount",
      displayNum: 2
    }},
    callToPage: function(p) {{ tools.top(); }}
  }});
}});
</script>"""
        head = f"""
<script>var SiteInfo = {{
  searchId: {_channel(site)}, //默认的文档检索频道的ID
  siteMsgType: "govSite"
}};</script>"""
        return shell(site, column.plan, inner, head=head)


def _channel(site: SitePlan) -> str:
    """The site's own search channel."""
    return str(200_000 + int(site.code[2:6]) % 1000)


class TrsIgs(_Searched):
    """``filter[CHNLID]`` narrows the site's index to a column."""

    platform = "trs_igs"

    def parameters(self, site: SitePlan, column: ColumnPlan) -> Mapping[str, str]:
        return {"index": _index(site), "filters": f"filter[CHNLID]={number_of(site, column)}"}

    def stated(self, site: SitePlan, column: ColumnPlan) -> str:
        return f"""var query = {{index: "{_index(site)}", "filter[CHNLID]": "{number_of(site, column)}"}};"""

    def list_script(self) -> str:
        return """function showPage(n) {
  var asked = {type: "governmentdocuments", pageNumber: n, pageSize: 10, orderProperty: "FBRQ"};
  $.getJSON("/igs/front/search/list.html", $.extend(asked, query), function (answer) { fill(answer.page); });
}
$(function () { showPage(1); });
"""

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path != IGS:
            return super().listing(site, columns, asked)
        parameters = asked.parameters
        wanted = parameters.get("filter[CHNLID]")
        chosen = [column for column in columns if wanted in (None, str(number_of(site, column.plan)))]
        rows = [row for column in chosen for row in column.rows] if parameters.get("index") == _index(site) else []
        number, size = number_asked(parameters, "pageNumber", 1), number_asked(parameters, "pageSize", 10, 100)
        pages = min(pages_of(len(rows), size), IGS_MOST_PAGES)
        shown = rows[(number - 1) * size : number * size] if number <= pages else []
        content = [
            {
                "BT": row.title,
                "FBRQ": f"{row.date:%Y-%m-%d}",
                "FWZH": row.document.doc_number if row.document else "",
                "IDXID": row.document.index_number if row.document else "",
                "DOCPUBURL": address(site, row),
            }
            for row in shown
        ]
        answer = {"page": {"content": content, "total": len(rows), "totalPages": pages}}
        return json_answer(answer, page=number, pages=pages)


def _index(site: SitePlan) -> str:
    return f"{site.host.split('.')[1]}-index"
