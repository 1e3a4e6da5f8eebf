"""The rows of a list page by the layout that its source file gives for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from bs4 import BeautifulSoup, Tag

from scrapers import addresses
from scrapers.date_formats import read_day
from scrapers.platforms import markup
from scrapers.platforms.dates import labelled_date, read_date
from scrapers.platforms.list_rows import mark_pinned, whole_title
from scrapers.platforms.protocol import Platform
from scrapers.platforms.row_blocks import link_text
from scrapers.records import Column, Layout, ListPage, ListRow, Outcome, Request

PLATFORMS = frozenset({"plain", "trs", "hanweb_xxgk", "lonsun"})
"""Protocols every page of which is HTML in which a selector can find rows."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A protocol of :data:`PLATFORMS` whose rows stand where a layout says."""

    family: Platform
    layout: Layout

    @property
    def name(self) -> str:
        return self.family.name

    @property
    def required(self) -> frozenset[str]:
        return self.family.required

    @property
    def allowed(self) -> frozenset[str]:
        return self.family.allowed

    @property
    def open_ended(self) -> bool:
        return self.family.open_ended

    def first(self, column: Column) -> Request:
        return self.family.first(column)

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        page = self.family.parse(column, request, body, hosts)
        return rows_by_layout(page, self.layout, body, request.url, hosts or (addresses.host_of(column.url),))


def rows_by_layout(page: ListPage, layout: Layout, html: str, url: str, hosts: tuple[str, ...]) -> ListPage:
    """``page``, which the usual rules read from ``html``, with the rows that ``layout.rows`` finds in their place.

    Pager and further requests stay as they were read. Where ``rows`` finds nothing though the page has rows, these
    stay; there, and where no row has its day where ``row_date`` says, the page is in trouble: ``listing_gap`` with
    ``layout_missed`` and the selector in its detail. A page on which neither finds a row is the end of its list.
    """
    if layout.rows is None:
        return page
    soup = markup.parse(html)
    base = soup.find("base", href=True)
    url = addresses.document_base(url, markup.attribute(base, "href") if isinstance(base, Tag) else None)
    found = soup.select(layout.rows)
    rows = [row for element in found if (row := _row(element, layout, url, hosts))]
    if not rows:
        if not page.rows and not found:
            return page
        return _missed(page, f"rows = {layout.rows!r} finds {'no row with a link' if found else 'nothing'} on {url}")
    page = replace(page, rows=mark_pinned(rows))
    if page.outcome is Outcome.JS_ONLY:  # what the usual rules took for a template is not empty after all
        page = replace(page, outcome=Outcome.OK, detail=None)
    if layout.row_date is not None and all(row.date is None for row in rows):
        return _missed(page, f"row_date = {layout.row_date!r} finds no day in any of {len(rows)} rows on {url}")
    return page


def _missed(page: ListPage, what: str) -> ListPage:
    detail = "; ".join(filter(None, (f"layout_missed: {what}; mend [[layouts]]", page.detail)))
    return replace(page, outcome=Outcome.LISTING_GAP if page.outcome is Outcome.OK else page.outcome, detail=detail)


def _row(element: Tag, layout: Layout, base: str, hosts: tuple[str, ...]) -> ListRow | None:
    """``None`` for an element that leads nowhere, such as the head of a table."""
    named = element.select_one(layout.row_title) if layout.row_title is not None else None
    link = _link(named, element) if named is not None else _link(element, element)
    if link is None or (layout.row_title is not None and named is None):
        return None
    href = markup.attribute(link, "href").strip()
    url = addresses.canonical(href, base)
    if url is None:
        return None
    shown = markup.shown_text(named) if named is not None else link_text(link)
    offered = [markup.collapsed(markup.attribute(tag, "title")) for tag in (named, link) if tag is not None]
    return ListRow(
        title=whole_title(shown, offered),
        url=url,
        href=href,
        date=_day(element, layout),
        off_host=addresses.host_of(url) not in hosts,
    )


def _link(tag: Tag, row: Tag) -> Tag | None:
    """The link that ``tag`` is, holds or stands in; else the row's first."""
    if tag.name == "a" and tag.has_attr("href"):
        return tag
    inner = tag.find("a", href=True)
    if isinstance(inner, Tag):
        return inner
    for parent in tag.parents:
        if isinstance(parent, BeautifulSoup):
            break
        if parent.name == "a" and parent.has_attr("href"):
            return parent
        if parent is row:
            break
    first = row.find("a", href=True)
    return first if isinstance(first, Tag) else None


def _day(row: Tag, layout: Layout) -> date | None:
    """The day where ``row_date`` says, else the last that any string of the row consists of."""
    if layout.row_date is None:
        days = (read_date(text) for text in reversed([*markup.strings(row)]))
    else:
        texts = [markup.shown_text(tag) for tag in row.select(layout.row_date)]
        days = (read_day(text, layout.date_formats) or read_date(text) or labelled_date(text) for text in texts)
    return next((day for day in days if day is not None), None)
