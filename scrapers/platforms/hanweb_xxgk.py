"""Hanweb 信息公开 lists behind ``/module/xxgk/search.jsp`` (sites.md 2c).

The answer is an HTML table whose links carry title (``mc``), document number (``wh``) and date (``rq``). It states no
total: pages are asked for until one has no new row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bs4 import Tag

from scrapers import addresses
from scrapers.platforms import markup
from scrapers.platforms.dates import read_date
from scrapers.platforms.list_rows import mark_pinned, read_fragment
from scrapers.platforms.protocol import PlatformError
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, ListRow, Pager, Request

KIND = "hanweb-xxgk"
_REQUIRED = ("infotypeId", "jdid", "area")
_DEFAULTS = {
    "divid": "", "standardXxgk": "1", "isAllList": "1", "texttype": "0", "fbtime": "-1", "vc_all": "",
    "vc_filenumber": "", "vc_title": "", "vc_number": "",
}  # fmt: skip
_PROGRAMS = ("search.jsp", "search_custom.jsp", "subjectinfo.jsp")
_SORT = ",compaltedate:0"
"""Newest first; the vendor's spelling."""


@dataclass(frozen=True, slots=True)
class HanwebXxgk:
    name: str = "hanweb_xxgk"
    required: frozenset[str] = field(default=frozenset(_REQUIRED))
    allowed: frozenset[str] = field(default=frozenset({*_REQUIRED, *_DEFAULTS, "program"}))
    open_ended: bool = True

    def first(self, column: Column) -> Request:
        missing = [key for key in _REQUIRED if not column.parameters.get(key)]
        if missing:
            raise PlatformError(f"{column.url}: hanweb_xxgk needs the parameters {', '.join(missing)}")
        program = column.parameters.get("program", _PROGRAMS[0])
        if program not in _PROGRAMS:
            raise PlatformError(f"{column.url}: program {program!r} is none of {', '.join(_PROGRAMS)}")
        searched = {} if column.query is None else {"vc_title": column.query}
        return _page(column, {**column.parameters, **searched}, program, 1)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        form = dict(request.form or ())
        number = whole_number(form.get("currpage")) or 1
        rows = _rows(body, column.url, hosts) or read_fragment(body, column.url, hosts)
        program = request.url.rsplit("/", 1)[-1]
        return ListPage(mark_pinned(rows), Pager(KIND), (_page(column, form, program, number + 1),))


def _rows(body: str, base: str, hosts: tuple[str, ...]) -> tuple[ListRow, ...]:
    """Rows whose links carry their own metadata."""
    rows = []
    for link in markup.parse(body).find_all("a", attrs={"mc": True}):
        href = markup.attribute(link, "href").strip()
        url = addresses.canonical(href, base)
        if not isinstance(link, Tag) or url is None:
            continue
        rows.append(
            ListRow(
                title=markup.collapsed(markup.attribute(link, "mc")) or markup.shown_text(link),
                url=url,
                href=href,
                date=read_date(markup.attribute(link, "rq")),
                off_host=addresses.host_of(url) not in hosts,
                doc_number=markup.collapsed(markup.attribute(link, "wh")) or None,
            )
        )
    return tuple(rows)


def _page(column: Column, parameters: Mapping[str, str], program: str, number: int) -> Request:
    fields = {key: parameters.get(key, default) for key, default in _DEFAULTS.items()}
    form = {**{key: parameters[key] for key in _REQUIRED}, **fields, "currpage": str(number), "sortfield": _SORT}
    url = addresses.canonical(f"/module/xxgk/{program}", column.url) or program
    headers = {"Referer": column.url, "X-Requested-With": "XMLHttpRequest"}
    return Request(url, "POST", tuple(form.items()), headers)
