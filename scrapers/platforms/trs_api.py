"""TRS lists whose first page is HTML and whose other pages come from WAS5 search (``listModel``, 动静结合).

The page's own script states channel, query, order, page size and count; the fields of an answer are those that its
template row names (``chnldocurl``, ``doctitle``, ``docreltime``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from scrapers import addresses
from scrapers.platforms import markup, scripts, was5
from scrapers.platforms.list_rows import read_list
from scrapers.platforms.pagers import list_model
from scrapers.platforms.scripts import Name, whole_number
from scrapers.records import Column, ListPage, Outcome, Request

_ARGUMENTS = ("channelid", "classsql", "sortfield")


@dataclass(frozen=True, slots=True)
class TrsApi:
    name: str = "trs_api"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = field(default=frozenset({*_ARGUMENTS, "templet"}))
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        """The column page, or page 1 of the service where the parameters say all that such a page states."""
        if column.parameters.get("channelid") and column.parameters.get("prepage"):
            return was5.search(column, column.parameters, 1)
        return Request(column.url)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        if urlsplit(request.url).path.endswith(was5.SEARCH):
            return was5.read_answer(column, request, body, hosts, "trsapi")
        page = read_list(body, request.url, hosts)
        soup = markup.parse(body)
        found = list_model(soup)
        if found is None:
            return page
        arguments = _arguments(column, found[0], markup.scripts(soup))
        size, total = whole_number(scripts.flat(found[0]).get("prepage")) or 10, page.pager.total
        if "channelid" not in arguments:
            detail = f"{request.url} states no channelid; give it as a parameter"
            return replace(page, outcome=Outcome.LISTING_GAP, detail=detail)
        arguments["prepage"] = str(size)
        pages = math.ceil(total / size) if total is not None else 1
        # Without rows of its own the page is a frame: page 1 comes from the service, too.
        numbers = range(2 if page.rows else 1, pages + 1)
        more = tuple(was5.search(column, arguments, at) for at in numbers)
        if page.rows:
            return ListPage(page.rows, page.pager, more)
        return ListPage((), replace(page.pager, kind=None), more, parameters=arguments)


def _arguments(column: Column, options: dict[str, object], code: str) -> dict[str, str]:
    """What the list asks the service for: the column's parameters before the page's own statements."""
    stated = scripts.flat(options)
    found = {"templet": column.parameters.get("templet", "")}
    for key in _ARGUMENTS:
        value = _resolved(stated.get(key), code)
        given = column.parameters.get(key, value)
        if given:
            found[key] = given
    return found


def _resolved(value: object, code: str) -> str | None:
    """A literal, a member of a site-wide object (``SiteInfo.searchId``), or the fallback of ``"" || "chnlid=1"``."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, Name):
        return None
    fallback = re.fullmatch(r"""(?:""|'')\s*\|\|\s*(?P<quote>["'])(?P<text>.*)(?P=quote)""", value.text, re.DOTALL)
    if fallback:
        return fallback["text"]
    member = re.fullmatch(r"([\w$]+)\.([\w$]+)", value.text)
    holder = scripts.variable(scripts.without_comments(code), member[1]) if member else None
    found = holder.get(member[2]) if member and isinstance(holder, dict) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None
