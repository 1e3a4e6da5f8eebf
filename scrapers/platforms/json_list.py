"""Lists as JSON or JSONP from a program that a site has to itself (sites.md 7: 吉林, 海南, 黑龙江, 国务院).

Such programs have no name in common, only a manner: an address that takes a page number, and objects with a title, an
address and mostly a date, wherever they are nested. What the address is and how it counts is the source's to say.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from scrapers import addresses
from scrapers.platforms import answers
from scrapers.platforms.list_rows import mark_pinned
from scrapers.platforms.protocol import PlatformError
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

KIND = "json"
_PROGRAM = re.compile(
    r"""["'](?P<before>[^"'\s]+\?(?:[^"'\s]*&)?)(?P<page>page|p|curPage|cur_page|currentPage|pageNo|pageIndex|pageNum)="""
    r"""["']\s*\+\s*[\w$]+(?:\s*\+\s*["'](?P<after>[^"'\s]*)["'])?"""
)


@dataclass(frozen=True, slots=True)
class JsonList:
    """``address`` is the program's with all it takes but the page, ``page`` the name under which it takes that, and
    ``first`` the number of the first page (1).

    A total is believed where it is more than the page shows: some programs state the rows of the page.
    """

    name: str = "json_list"
    required: frozenset[str] = frozenset({"address", "page"})
    allowed: frozenset[str] = field(default=frozenset({"address", "page", "first"}))
    open_ended: bool = True

    def first(self, column: Column) -> Request:
        missing = [key for key in ("address", "page") if not column.parameters.get(key)]
        if missing:
            raise PlatformError(f"{column.url}: json_list needs the parameters {', '.join(missing)}")
        if addresses.canonical(column.parameters["address"], column.url) is None:
            raise PlatformError(f"{column.url}: {column.parameters['address']!r} is no address of a program")
        if column.parameters.get("first", "1") not in ("0", "1"):
            raise PlatformError(f"{column.url}: first is {column.parameters['first']!r}; pages count from 0 or from 1")
        return _page(column, _first(column))

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        asked = dict(parse_qsl(urlsplit(request.url).query)).get(column.parameters.get("page", ""))
        number = whole_number(asked)
        number = _first(column) if number is None else number
        following = (_page(column, number + 1),)
        if not body.strip():
            return ListPage((), Pager(KIND), following)
        answer = answers.read_json(body)
        if answer is None:
            detail = f"{request.url}: neither JSON nor JSONP"
            return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=detail)
        found = answers.records(answer)
        rows = mark_pinned([row for item in found if (row := answers.row(item, column.url, hosts))])
        if found and not rows:
            detail = f"{request.url}: {len(found)} objects with a title, none with an address"
            return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=detail)
        total = answers.total(answer)
        if total is None or (number == _first(column) and total <= len(found)):
            return ListPage(rows, Pager(KIND), following)
        if number > _first(column) or not found:
            return ListPage(rows, Pager(KIND, None, total))
        pages = math.ceil(total / len(found))
        more = tuple(_page(column, at) for at in range(number + 1, number + pages))
        return ListPage(rows, Pager(KIND, pages, total), more)


def program_in(script: str) -> dict[str, str] | None:
    """The parameters of a program that a script asks page by page: ``"/search?lb=7&page=" + n``; ``None`` without."""
    match = _PROGRAM.search(script)
    if match is None:
        return None
    path, _, before = match["before"].partition("?")
    kept = [part for part in (*before.split("&"), *(match["after"] or "").split("&")) if part]
    return {"address": f"{path}?{'&'.join(kept)}" if kept else path, "page": match["page"]}


def _first(column: Column) -> int:
    return 0 if column.parameters.get("first") == "0" else 1


def _page(column: Column, number: int) -> Request:
    url = addresses.canonical(column.parameters["address"], column.url) or column.parameters["address"]
    parts = urlsplit(url)
    asked = urlencode({column.parameters["page"]: number})
    query = f"{parts.query}&{asked}" if parts.query else asked
    return Request(urlunsplit(parts._replace(query=query)), headers={"Referer": column.url})
