"""TRS WAS5 search, the program behind lists of TRS sites (sites.md 3b): its requests and both kinds of answers."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapers import addresses
from scrapers.platforms import answers
from scrapers.platforms.list_rows import mark_pinned
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

SEARCH = "/was5/web/search"
KIND = "was5"
_RECORD = re.compile(r"<REC\b[^>]*>(.*?)</REC\s*>", re.DOTALL | re.IGNORECASE)
_ELEMENT = re.compile(r"<(?P<name>\w+)\b[^>]*>(?P<text>(?:\s*<!\[CDATA\[.*?\]\]>\s*|[^<]*))</(?P=name)\s*>", re.DOTALL)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_COUNT = re.compile(r"<RECORDCOUNT\b[^>]*>\s*(?:<!\[CDATA\[)?\s*(\d+)", re.IGNORECASE)


def search(column: Column, parameters: Mapping[str, str], number: int, method: str = "GET") -> Request:
    """Page ``number`` (from 1) of a search; ``parameters`` are ``channelid``, ``prepage`` and what else it takes."""
    url = addresses.canonical(SEARCH, column.url) or SEARCH
    fields = {**parameters, "page": str(number)}
    if method == "POST":
        return Request(url, "POST", tuple(fields.items()), {"Referer": column.url})
    return Request(f"{url}?{urlencode(fields)}", headers={"Referer": column.url})


def read_answer(column: Column, request: Request, body: str, hosts: tuple[str, ...], kind: str = KIND) -> ListPage:
    """Rows of an answer, XML or JSON, and the requests for the pages behind it (named by the first page only)."""
    fields = dict(request.form or parse_qsl(urlsplit(request.url).query, keep_blank_values=True))
    if "<REC" in body or _COUNT.search(body):
        count = _COUNT.search(body)
        total = int(count[1]) if count else None
        found = [_elements(record) for record in _RECORD.findall(body)]
    else:
        answer = answers.read_json(body)
        if answer is None:
            return ListPage(
                (), Pager(kind), outcome=Outcome.WRONG_CONTENT, detail=f"{request.url}: neither XML nor JSON"
            )
        total, found = answers.total(answer, ("recordcount", "count", "total")), answers.records(answer)
    base = column.url
    # A document filed under several channels has one address in this channel and one of its own.
    order = ("chnldocurl", "docpuburl", "url", "docurl")
    rows = mark_pinned([row for item in found if (row := answers.row(item, base, hosts, addresses_of=order))])
    size, number = whole_number(fields.get("prepage")) or 10, whole_number(fields.get("page")) or 1
    pages = math.ceil(total / size) if total is not None else None
    numbers = range(2, (pages or 1) + 1) if number == 1 else range(0)
    if total is None and len(found) >= size:
        numbers = range(number + 1, number + 2)
    kept = {key: value for key, value in fields.items() if key != "page"}
    more = tuple(search(column, kept, at, request.method) for at in numbers)
    return ListPage(rows, Pager(kind, pages, total), more)


def _elements(record: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for match in _ELEMENT.finditer(record):
        parts = _CDATA.findall(match["text"])
        found[match["name"].lower()] = "".join(parts) if parts else html.unescape(match["text"]).strip()
    return found
