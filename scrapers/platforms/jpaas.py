"""Hanweb jpaas: lists behind ``/api-gateway/jpaas-publish-server/front/page/build/unit`` (sites.md 2d).

The column page names the list in a ``queryData`` attribute, a Python literal; a source that gives the four ids as
parameters saves that request. Rows come as HTML inside JSON, page by page through ``paramJson``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from bs4 import Tag

from scrapers import addresses
from scrapers.platforms import markup, scripts
from scrapers.platforms.list_rows import read_fragment
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

UNIT = "/api-gateway/jpaas-publish-server/front/page/build/unit"
KIND = "jpaas"
PAGE_SIZE = 50
_LIST_TAGS = ("分页", "列表", "list", "当前栏目", "右侧", "内容")
"""Words in the ``tagId`` of the unit that is a column's list, the surest first; its page has units for menus, too."""
_IDS = ("webId", "tplSetId", "tagId", "pageId")
_COUNT = (
    re.compile(r"""\bcount\s*=\s*["']?(\d+)""", re.IGNORECASE),
    re.compile(r"\bcount[^0-9<>]{1,12}(\d+)", re.IGNORECASE),
)
_SIZE = re.compile(r"""\brows\s*=\s*["']?(\d+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Jpaas:
    name: str = "jpaas"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = field(default=frozenset({*_IDS, "parseType", "pageType", "editType"}))
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        """The column page, or page 1 of the list where the parameters name it in full."""
        if all(column.parameters.get(key) for key in _IDS):
            return _page(column, dict(column.parameters), 1)
        return Request(column.url)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        if urlsplit(request.url).path.endswith("/build/unit"):
            return _answer(column, request, body, hosts)
        unit = _unit(column, body)
        if unit is None:
            detail = f"{request.url} has no queryData that names a list (needs {', '.join(_IDS)})"
            return ListPage((), Pager(None), outcome=Outcome.JS_ONLY, detail=detail)
        return ListPage((), Pager(None), (_page(column, unit, 1),), parameters=unit)


def _answer(column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
    try:
        data = json.loads(body, strict=False).get("data")
        fragment = data.get("html") if isinstance(data, dict) else None
    except (ValueError, AttributeError, RecursionError):
        fragment = None
    if not isinstance(fragment, str):
        return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=f"{request.url}: no data.html in JSON")
    rows = read_fragment(fragment, column.url, hosts)
    stated = next((match for shape in _COUNT if (match := shape.search(fragment))), None)
    total = int(stated[1]) if stated else None
    number, asked = _asked(request)
    size = asked
    if number == 1 and total is not None and 0 < len(rows) < min(total, asked):
        # The site gives pages of its own size, whatever it is asked for.
        shown = _SIZE.search(fragment)
        size = min(int(shown[1]), len(rows)) if shown and int(shown[1]) else len(rows)
    pages = math.ceil(total / size) if total is not None else None
    unit = dict(parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    more = tuple(_page(column, unit, at) for at in range(2, (pages or 1) + 1)) if number == 1 else ()
    if total is None and len(rows) >= asked:
        more = (_page(column, unit, number + 1),)
    return ListPage(rows, Pager(KIND, pages if number == 1 else None, total), more)


def _asked(request: Request) -> tuple[int, int]:
    """Page number and page size that ``request`` asked for."""
    parameters = scripts.literal(dict(parse_qsl(urlsplit(request.url).query)).get("paramJson", ""))
    keys = parameters if isinstance(parameters, dict) else {}
    return whole_number(keys.get("pageNo")) or 1, whole_number(keys.get("pageSize")) or PAGE_SIZE


def _unit(column: Column, body: str) -> dict[str, str] | None:
    """The unit of the page that is the column's own list, its ids completed from parameters, ``ColId`` and address."""
    soup = markup.parse(body)
    meta = soup.find("meta", attrs={"name": re.compile("^colid$", re.IGNORECASE)})
    in_address = re.search(r"/col/col(\w+)/", urlsplit(column.url).path)
    page_id = (
        markup.attribute(meta, "content").strip() if isinstance(meta, Tag) else in_address[1] if in_address else ""
    )
    units = []
    for tag in soup.find_all(attrs={"querydata": True}):
        stated = scripts.literal(markup.attribute(tag, "queryData"))
        if not isinstance(stated, dict):
            continue
        unit = {key: str(value) for key, value in stated.items() if isinstance(value, str | int)}
        if page_id:
            unit.setdefault("pageId", page_id)
        unit.update(column.parameters)
        if all(unit.get(key) for key in _IDS):
            units.append((unit, stated))

    def rank(candidate: tuple[dict[str, str], dict[str, object]]) -> tuple[bool, int]:
        unit, stated = candidate
        asked = column.parameters.get("tagId")
        is_asked_for = asked is not None and stated.get("tagId") == asked
        likeness = next((at for at, word in enumerate(_LIST_TAGS) if word in unit["tagId"]), len(_LIST_TAGS))
        return is_asked_for, -likeness

    return max(units, key=rank)[0] if units else None


def _page(column: Column, unit: Mapping[str, str], number: int) -> Request:
    ordered = {
        "parseType": unit.get("parseType", "bulidstatic"),
        "webId": unit["webId"],
        "tplSetId": unit["tplSetId"],
        "pageType": unit.get("pageType", "column"),
        "tagId": unit["tagId"],
        "editType": unit.get("editType", "null"),
        "pageId": unit["pageId"],
        "paramJson": json.dumps({"pageNo": number, "pageSize": PAGE_SIZE}, separators=(",", ":")),
    }
    url = addresses.canonical(UNIT, column.url) or UNIT
    return Request(f"{url}?{urlencode(ordered)}", headers={"Referer": column.url, "X-Requested-With": "XMLHttpRequest"})
