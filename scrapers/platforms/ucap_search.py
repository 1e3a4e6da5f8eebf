"""What UCAP's site search finds: JSON behind ``/so/ss/query/s`` (sites.md 5).

The form is ``siteCode``, ``tab``, ``qt``, ``page`` and ``pageSize``; the answer ``totalHits`` and ``resultDocs``, each
with its facts in ``data`` (``titleO`` is the title without the marks of the words asked for).
"""

from __future__ import annotations

import math

from scrapers import addresses
from scrapers.platforms import answers
from scrapers.platforms.protocol import PlatformError
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

SEARCH = "/so/ss/query/s"
KIND = "ucap-search"
PAGE_SIZE = 20


def first(column: Column) -> Request:
    """Raises ``PlatformError`` without the parameter ``siteCode``."""
    if not column.parameters.get("siteCode"):
        raise PlatformError(
            f"{column.url}: a query on ucap needs the parameter siteCode, the ten digits at the foot of the home page"
        )
    return _page(column, 1)


def parse(column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
    """One page of results, most relevant first; the first names all others."""
    answer = answers.read_json(body)
    found = answer.get("resultDocs") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(found, list):
        detail = f"{request.url}: no resultDocs in JSON"
        return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=detail)
    facts = [item["data"] if isinstance(item.get("data"), dict) else item for item in found if isinstance(item, dict)]
    rows = [
        answers.row(item, column.url, hosts, titles=("titleo", *answers.TITLES), dates=("docdate", *answers.DATES))
        for item in facts
    ]
    total = whole_number(answer.get("totalHits"))
    number = whole_number(dict(request.form or ()).get("page")) or 1
    pages = math.ceil(total / PAGE_SIZE) if total is not None else None
    more = tuple(_page(column, at) for at in range(2, (pages or 1) + 1)) if number == 1 else ()
    return ListPage(tuple(row for row in rows if row is not None), Pager(KIND, pages, total), more)


def _page(column: Column, number: int) -> Request:
    form = {
        "siteCode": column.parameters["siteCode"],
        "tab": column.parameters.get("tab", "all"),
        "qt": column.query or "",
        "page": str(number),
        "pageSize": str(PAGE_SIZE),
    }
    url = addresses.canonical(SEARCH, column.url) or SEARCH
    return Request(url, "POST", tuple(form.items()), {"Referer": column.url})
