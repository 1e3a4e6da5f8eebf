"""UCAP 开普: lists as JSON behind ``/common/search/{channelId}`` (sites.md 5); its static lists are ``trs``.

A column with a query is what the site search finds, see ``ucap_search``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapers import addresses
from scrapers.platforms import answers, ucap_search
from scrapers.platforms.list_rows import mark_pinned
from scrapers.platforms.protocol import PlatformError
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

KIND = "ucap"
PAGE_SIZE = 15
_CHANNEL = re.compile(r"/(c\d+)(?:/|$)")


@dataclass(frozen=True, slots=True)
class Ucap:
    name: str = "ucap"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = field(default=frozenset({"channelId", "siteCode", "tab"}))
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        if column.query is not None:
            return ucap_search.first(column)
        stated = _CHANNEL.search(urlsplit(column.url).path)
        channel = column.parameters.get("channelId") or (stated[1] if stated else None)
        if not channel:
            raise PlatformError(
                f"{column.url}: ucap needs the parameter channelId, or an address with /c<number>/ in it"
            )
        return _page(column, channel, 1)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        if column.query is not None:
            return ucap_search.parse(column, request, body, hosts)
        answer = answers.read_json(body)
        data = answer.get("data") if isinstance(answer, dict) else None
        results = data.get("results") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(results, list):
            detail = f"{request.url}: no data.results in JSON"
            return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=detail)
        rows = []
        for item in results:
            if not isinstance(item, dict):
                continue
            facts = _facts(item)
            row = answers.row(
                {"pubdate": facts.get("pubdate"), **item},
                column.url,
                hosts,
                dates=("publishedtimestr", "publishedtime", "pubdate"),
                doc_number=facts.get("refno"),
                index_number=facts.get("indexnumber"),
            )
            if row:
                rows.append(row)
        total = whole_number(data.get("total"))
        size = whole_number(data.get("rows")) or PAGE_SIZE
        number = whole_number(dict(parse_qsl(urlsplit(request.url).query)).get("page")) or 1
        pages = math.ceil(total / size) if total is not None and size else None
        channel = urlsplit(request.url).path.rsplit("/", 1)[-1]
        numbers = range(2, (pages or 1) + 1) if number == 1 else range(0)
        more = tuple(_page(column, channel, at) for at in numbers)
        return ListPage(mark_pinned(rows), Pager(KIND, pages, total), more)


def _facts(item: Mapping[str, object]) -> dict[str, str]:
    """``domainMetaList``: lists of ``{key, value}``, empty values left out."""
    found: dict[str, str] = {}
    groups = item.get("domainMetaList")
    for group in groups if isinstance(groups, list) else []:
        pairs = group.get("resultList") if isinstance(group, dict) else None
        for pair in pairs if isinstance(pairs, list) else []:
            if isinstance(pair, dict) and isinstance(pair.get("key"), str):
                text = answers.text_field(pair, ("value",))
                if text:
                    found[str(pair["key"])] = text
    return found


def _page(column: Column, channel: str, number: int) -> Request:
    query = urlencode(
        {"page": number, "_pageSize": PAGE_SIZE, "_isAgg": "true", "_isJson": "true", "_template": "index"}
    )
    url = addresses.canonical(f"/common/search/{channel}", column.url)
    return Request(f"{url}?{query}", headers={"Referer": column.url})
