"""Lists that are HTML from first to last page, one page naming the next: link bars, ``page_nav_list``, encoded bars.

A bar's pages are read one after the other, since only the next page is certain to be named; the page count, where one
is stated, tells whether the last one was reached.
"""

from __future__ import annotations

from dataclasses import dataclass

from scrapers import addresses
from scrapers.platforms.list_rows import read_list
from scrapers.records import Column, ListPage, Request


@dataclass(frozen=True, slots=True)
class Plain:
    name: str = "plain"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        return Request(column.url)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        return read_list(body, request.url, hosts or (addresses.host_of(column.url),))
