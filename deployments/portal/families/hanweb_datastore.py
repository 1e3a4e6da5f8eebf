"""Hanweb's older list program: plain text with a JavaScript array, a float for a total, blank lines in front.

``/module/jslib/jquery/jpage/dataproxy.jsp`` takes the page beside the ids that the column page states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from deployments.portal.exchange import Answer, Asked, Role, html_answer
from deployments.portal.families.family import FilledColumn, Row, number_asked
from deployments.portal.families.hanweb_jpage import HanwebJpage, footer, header, unit_id, web_id
from deployments.portal.publishers import SitePlan

PROXY = "/module/jslib/jquery/jpage/dataproxy.jsp"
_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)


class HanwebDatastore(HanwebJpage):
    def __init__(self) -> None:
        super().__init__()
        self.platform = "hanweb_datastore"

    def listing(self, site: SitePlan, columns: Sequence[FilledColumn], asked: Asked) -> Answer | None:
        if asked.path == PROXY:
            return self._store(columns, asked.parameters)
        for column in columns:
            if asked.path in (self.column_path(site, column.plan), f"/col/col{column.plan.id}/"):
                return html_answer(
                    self.column_page(site, column), charset=site.charset, declared=site.declared, role=Role.COLUMN
                )
        return None

    def _store(self, columns: Sequence[FilledColumn], asked: dict[str, str]) -> Answer:
        ids = asked.get("columnid"), asked.get("unitid")
        found = next((one for one in columns if (one.plan.id, str(unit_id(one.plan))) == ids), None)
        if found is None:
            return Answer(200, b"\n\n\ntotalRecord=0.0;totalPage = 0;dataStore = []", _TEXT, Role.LIST)
        number = number_asked(asked, "page", 1)
        rows = ",".join(_quoted(row) for row in found.page(number))
        text = f"\n\n\ntotalRecord={len(found.rows)}.0;totalPage = {found.pages};dataStore = [{rows}]"
        return replace(Answer(200, text.encode(), _TEXT, Role.LIST), page=number, pages=found.pages)

    def column_page(self, site: SitePlan, column: FilledColumn) -> str:
        plan, unit = column.plan, unit_id(column.plan)
        return f"""<!DOCTYPE html>
<html><head><meta charset="{site.declared}"><title>{escape(plan.name)}</title>
<meta name="ColumnName" content="{escape(plan.name)}"><meta name="SiteIDCode" content="{site.code}"></head><body>
{header(site)}
<h2>{escape(plan.name)}</h2><div id="{unit}"></div>
<script language="javascript" src="/module/jslib/jquery/jpage/jquery.jpage.js"></script>
<script language="javascript">
$('#{unit}').jpage({{themeName:'default', openCookies:false, showMode:'normal', perPage:{plan.per_page},
 totalRecord:{len(column.rows)}, dataBefore:"<ul>", dataAfter:"</ul>", proxyUrl:'{PROXY}',
 proxyParam:{{columnid:{plan.id}, unitid:{unit}, webid:{web_id(site)}, path:'/', permissiontype:0}}
}});
</script>
{footer(site)}
</body></html>
"""


def _quoted(row: Row) -> str:
    """A row as a single-quoted string of a script, line break and apostrophe escaped."""
    title = escape(row.title, quote=False)
    item = f'<li><a href="{row.href}" title="{title}">{title}</a><span>{row.date:%Y-%m-%d}</span></li>\n'
    return "'" + item.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
