"""TRS 海云 IGS search as a list (sites.md 3c)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapers import addresses
from scrapers.platforms import answers
from scrapers.platforms.list_rows import mark_pinned
from scrapers.platforms.protocol import PlatformError
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

SEARCH = "/igs/front/search/list.html"
KIND = "igs"
QUERY_FIELD = "filter[FileName,DOCCONTENT,fileNum-or]"
"""What the search pages of 广西 and 湖北 send: title, text or document number."""
_PASSED_ON = ("index", "type", "pageSize", "orderProperty")
MOST_PAGES = 1000
"""The program shows no page beyond this one, whatever the total."""


@dataclass(frozen=True, slots=True)
class TrsIgs:
    """``filters`` is a query string (``filter[SITEID]=3&filter[CHNLID]=12``), passed on as it stands; ``queryField``
    the field in which a column's query is looked for, where it is not the one that sites of this program mostly have.
    """

    name: str = "trs_igs"
    required: frozenset[str] = frozenset({"index"})
    allowed: frozenset[str] = field(default=frozenset({*_PASSED_ON, "filters", "queryField"}))
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        if not column.parameters.get("index"):
            raise PlatformError(f"{column.url}: trs_igs needs the parameter index")
        fields = [
            ("index", column.parameters["index"]),
            ("type", column.parameters.get("type", "governmentdocuments")),
            ("pageSize", column.parameters.get("pageSize", "10")),
            ("orderProperty", column.parameters.get("orderProperty", "FBRQ")),
            *parse_qsl(column.parameters.get("filters", "")),
        ]
        if column.query is not None:
            fields.append((column.parameters.get("queryField", QUERY_FIELD), column.query))
        return _page(column, fields, 1)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        answer = answers.read_json(body)
        if not isinstance(answer, dict):
            return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=f"{request.url}: no JSON object")
        rows = []
        for item in answers.records(answer):
            row = answers.row(
                item,
                column.url,
                hosts,
                doc_number=answers.text_field(item, ("fwzh",)),
                index_number=answers.text_field(item, ("idxid",)),
            )
            if row:
                rows.append(row)
        fields = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
        size, number = (
            whole_number(dict(fields).get("pageSize")) or 10,
            whole_number(dict(fields).get("pageNumber")) or 1,
        )
        total = answers.total(answer)
        pages = math.ceil(total / size) if total is not None else None
        kept = [(key, value) for key, value in fields if key != "pageNumber"]
        numbers = range(2, min(pages or 1, MOST_PAGES) + 1) if number == 1 else ()
        more = tuple(_page(column, kept, at) for at in numbers)
        pager = Pager(KIND, min(pages, MOST_PAGES) if pages is not None else None, total)
        if number == 1 and pages is not None and pages > MOST_PAGES:
            detail = f"{total} rows are {pages} pages, of which {MOST_PAGES} are shown: split the column by filters"
            return ListPage(mark_pinned(rows), pager, more, Outcome.LISTING_GAP, detail)
        return ListPage(mark_pinned(rows), pager, more)


def _page(column: Column, fields: list[tuple[str, str]], number: int) -> Request:
    url = addresses.canonical(SEARCH, column.url) or SEARCH
    return Request(f"{url}?{urlencode([*fields, ('pageNumber', str(number))])}", headers={"Referer": column.url})
