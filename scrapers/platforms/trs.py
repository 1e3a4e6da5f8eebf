"""TRS WCM static lists: ``index.html``, ``index_1.html`` ... with the page count in a script (sites.md 3a).

Serves every list that is complete in the HTML of numbered files, whatever the file names and from wherever the pages
are counted; see ``pagers`` for the spellings of the page count.
"""

from __future__ import annotations

from dataclasses import dataclass

from scrapers import addresses
from scrapers.platforms.list_rows import read_list
from scrapers.records import Column, ListPage, Outcome, Request


@dataclass(frozen=True, slots=True)
class Trs:
    name: str = "trs"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        return Request(column.url)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        page = read_list(body, request.url, hosts or (addresses.host_of(column.url),))
        pages = page.pager.pages
        if pages and pages > 1 and page.pager.page2 is None and (page.pager.kind or "").startswith("countPage"):
            detail = f"{request.url} states {pages} pages, but not what they are called"
            return ListPage(page.rows, page.pager, outcome=Outcome.LISTING_GAP, detail=detail)
        return page
