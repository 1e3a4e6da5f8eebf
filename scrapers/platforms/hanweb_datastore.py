"""Hanweb's older lists behind ``/module/jslib/jquery/jpage/dataproxy.jsp`` (sites.md 2b).

The answer is a script: ``totalRecord=714.0;totalPage = 27;dataStore = ['<li>...</li>', ...]``, blank lines first.
The column page sets the list up in ``.jpage({...})``; where the ids are parameters it is not asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapers import addresses
from scrapers.platforms import scripts
from scrapers.platforms.hanweb_columns import IDS, jpage_settings, with_ids
from scrapers.platforms.list_rows import read_records
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

PROXY = "/module/jslib/jquery/jpage/dataproxy.jsp"
KIND = "hanweb-datastore"
_STATED = (*IDS, "path", "permissiontype")


@dataclass(frozen=True, slots=True)
class HanwebDatastore:
    name: str = "hanweb_datastore"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = field(default=frozenset(IDS))
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        if all(column.parameters.get(key) for key in IDS):
            return _page(column, with_ids({}, None, column.parameters), 1)
        return Request(column.url)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        if "/dataproxy" not in urlsplit(request.url).path:
            settings = with_ids(jpage_settings(body), None, column.parameters)
            if not all(settings.get(key) for key in IDS):
                detail = f"{request.url} does not state {', '.join(IDS)}; give them as parameters"
                return ListPage((), Pager(None), outcome=Outcome.JS_ONLY, detail=detail)
            stated = {key: str(settings[key]) for key in _STATED if settings.get(key) not in (None, "")}
            return ListPage((), Pager(None), (_page(column, settings, 1),), parameters=stated)
        return _answer(column, request, body, hosts)


def _answer(column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
    total = whole_number(scripts.variable(body, "totalRecord"))
    pages = whole_number(scripts.variable(body, "totalPage"))
    store = next(scripts.literals(body, r"\bdataStore\s*="), None)
    if not isinstance(store, list):
        if not body.strip():
            return ListPage((), Pager(KIND), detail="empty answer")
        return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=f"{request.url}: no dataStore")
    rows = read_records([record for record in store if isinstance(record, str)], column.url, hosts)
    settings = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    number = whole_number(settings.get("page")) or 1
    more = tuple(_page(column, settings, at) for at in range(2, (pages or 1) + 1)) if number == 1 else ()
    return ListPage(rows, Pager(KIND, pages, total), more)


def _page(column: Column, settings: dict[str, object] | dict[str, str], number: int) -> Request:
    query = {
        "page": number,
        "webid": settings["webid"],
        "path": settings.get("path") or "/",
        "columnid": settings["columnid"],
        "unitid": settings["unitid"],
        "permissiontype": settings.get("permissiontype") or 0,
    }
    proxy = addresses.canonical(PROXY, column.url) or PROXY
    return Request(f"{proxy}?{urlencode(query)}", headers={"Referer": column.url})
