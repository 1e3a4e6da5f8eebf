"""安徽集约化 (龙讯-like): lists as HTML behind ``/site/label/8888`` (sites.md 6).

States no total: pages are asked for until one has no new row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapers import addresses
from scrapers.platforms.list_rows import read_fragment
from scrapers.platforms.protocol import PlatformError
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Pager, Request

LABEL = "/site/label/8888"
KIND = "label"
PAGE_SIZE = 16
_COLUMN = re.compile(r"/public/column/(\d+)")
_IDS = ("siteId", "organId", "catId")


@dataclass(frozen=True, slots=True)
class Lonsun:
    """``organId`` and ``catId`` are read from a column address ``/public/column/<organ>?catId=...`` where not given."""

    name: str = "lonsun"
    required: frozenset[str] = frozenset({"siteId"})
    allowed: frozenset[str] = field(default=frozenset({*_IDS, "type"}))
    open_ended: bool = True

    def first(self, column: Column) -> Request:
        parts = urlsplit(column.url)
        stated = dict(parse_qsl(parts.query))
        organ = _COLUMN.search(parts.path)
        known = {**({"organId": organ[1]} if organ else {}), **stated, **column.parameters}
        missing = [key for key in _IDS if not known.get(key)]
        if missing:
            raise PlatformError(f"{column.url}: lonsun needs the parameters {', '.join(missing)}")
        return _page(column, known, 1)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        rows = read_fragment(body, column.url, hosts or (addresses.host_of(column.url),))
        query = dict(parse_qsl(urlsplit(request.url).query))
        number = whole_number(query.get("pageIndex")) or 1
        return ListPage(rows, Pager(KIND), (_page(column, query, number + 1),))


def _page(column: Column, ids: Mapping[str, str], number: int) -> Request:
    query = {
        "IsAjax": "1",
        "dataType": "html",
        **{key: ids[key] for key in _IDS},
        "action": "list",
        "pageSize": str(PAGE_SIZE),
        "pageIndex": str(number),
        "isDate": "true",
        "dateFormat": "yyyy-MM-dd",
        "type": ids.get("type", "4"),
    }
    url = addresses.canonical(LABEL, column.url)
    headers = {"Referer": column.url, "X-Requested-With": "XMLHttpRequest"}
    return Request(f"{url}?{urlencode(query)}", headers=headers)
