"""Lists fed from published data blocks: ``data="datasource:<id>"`` on an element, ``ds_<id>.json`` beside the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from scrapers import addresses
from scrapers.platforms import answers, markup
from scrapers.platforms.list_rows import mark_pinned, read_list
from scrapers.records import Column, ListPage, Outcome, Pager, Request

KIND = "datasource"
_BLOCK = re.compile(r"datasource:([0-9a-f]{8,})")
_FILE = re.compile(r"/ds_[0-9a-f]+\.json$")


@dataclass(frozen=True, slots=True)
class Datasource:
    """The page shows a block's newest rows, its file may hold more: a file without a new row ends the list.

    ``block`` names the data block; without it all blocks around the page's own list are read.
    """

    name: str = "datasource"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset({"block"})
    open_ended: bool = True

    def first(self, column: Column) -> Request:
        block = column.parameters.get("block")
        return _file(column, block) if block else Request(column.url)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        if not _FILE.search(urlsplit(request.url).path):
            page = read_list(body, request.url, hosts)
            blocks = _blocks(body, {row.href for row in page.rows})
            if not blocks:
                return page
            files = tuple(_file(column, block) for block in blocks)
            stated = {"block": blocks[0]} if len(blocks) == 1 and not page.rows else {}
            return ListPage(page.rows, page.pager if page.rows else Pager(None), files, parameters=stated)
        answer = answers.read_json(body)
        listed = answer.get("datasource") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            detail = f"{request.url}: no datasource in JSON"
            return ListPage((), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=detail)
        if not listed:
            detail = f"{request.url} holds no row"
            return ListPage((), Pager(KIND), outcome=Outcome.EMPTY_LIST, detail=detail)
        found = (answers.row(item, column.url, hosts) for item in listed if isinstance(item, dict))
        return ListPage(mark_pinned([row for row in found if row]), Pager(KIND))


def _blocks(body: str, hrefs: set[str]) -> list[str]:
    """Ids of the data blocks that hold any of the rows ``hrefs``; every block of a page without rows."""
    found: dict[str, None] = {}
    for element in markup.parse(body).find_all(attrs={"data": _BLOCK}):
        match = _BLOCK.search(markup.attribute(element, "data"))
        links = {markup.attribute(link, "href").strip() for link in element.find_all("a", href=True)}
        if match and (links & hrefs or not hrefs):
            found[match[1]] = None
    return list(found)


def _file(column: Column, block: str) -> Request:
    url = addresses.canonical(f"ds_{block}.json", addresses.as_directory(column.url))
    return Request(url or column.url, headers={"Referer": column.url})
