"""Rows and blocks of a list page: which elements are rows, and which of several lists is the page's own.

A row is the smallest element that holds a date and a link; rows of the same shape under one parent are a block; of
several blocks the one that belongs to the column wins: under its address, beside the pager, as long as the others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, NavigableString, Tag

from scrapers import addresses
from scrapers.platforms import markup
from scrapers.platforms.dates import is_date_piece, labelled_date, read_date, split_date

PINNED_MARK = re.compile(r"^[\[【(（]?\s*置顶\s*[\]】)）]?$")
_GENERIC = re.compile(
    r"[\[【(（<《]?\s*(?:详细|详情|更多|查看(?:全文|详情|更多)?|阅读(?:全文|原文|更多)?|点击(?:查看|进入|阅读).{0,4}|全文|下载|附件|"
    r"(?:政策|文件|图片|图文|视频)?解读|一图读懂|more|首页|上一?页|下一?页|末页|尾页|返回.{0,4}|>+|<+|»|«)\s*[>»]*\s*[\]】)）>》]?",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"aside|sidebar|\bhot|rank|recommend|relat|xgxx|xglj|xgwz|foot|friend|tuijian|remen", re.IGNORECASE)
# Shapes of detail addresses (dialects of the families): a date in the path, a long number, a hexadecimal or uuid name.
_DETAIL = re.compile(
    r"/t?(?:19|20)\d{6}[_/]|/(?:19|20)\d\d(?:/|-)?\d{1,2}/|/(?:19|20)\d\d/art_|[/_]\d{5,}|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-|"
    r"/t_?\d+\.|(?:content|post|art|c)_\d+",
    re.IGNORECASE,
)
_LIST = 3
"""Fewer undated links than this are a list only where they lead below the column's own address."""
_NESTED = ("ul", "ol", "table", "dl")
_ROW_TAGS = ("li", "tr", "dl", "dd")


@dataclass(frozen=True, slots=True)
class Link:
    tag: Tag
    url: str
    href: str
    order: int


@dataclass(frozen=True, slots=True)
class Row:
    element: Tag
    link: Link
    date: date | None


class Page:
    """The tree with what the search for rows asks again and again: order, links, and the links below each element."""

    def __init__(self, soup: BeautifulSoup, base: str) -> None:
        self.soup = soup
        self.order: dict[int, int] = {}
        self.links: list[Link] = []
        self.below: dict[int, list[Link]] = defaultdict(list)
        for at, node in enumerate(soup.descendants):
            self.order[id(node)] = at
            if isinstance(node, Tag) and node.name == "a" and node.has_attr("href"):
                url = addresses.canonical(markup.attribute(node, "href"), base)
                if url is None:
                    continue
                link = Link(node, url, markup.attribute(node, "href").strip(), at)
                self.links.append(link)
                for ancestor in (node, *node.parents):
                    self.below[id(ancestor)].append(link)


# --------------------------------------------------------------------------- rows


def _dates(page: Page) -> list[tuple[Tag, int, date]]:
    """Every date a reader sees: the element that holds it, its place in the page, its day."""
    found: list[tuple[Tag, int, date]] = []
    leaves: set[int] = set()
    for text in markup.strings(page.soup):
        parent = text.parent
        if parent is None or not text.strip():
            continue
        order = page.order[id(text)]
        day = read_date(text)
        if day is None and parent.name != "a" and not parent.find_parent("a"):
            day = labelled_date(text)
        if day:
            found.append((parent, order, day))
        elif is_date_piece(text):
            for leaf in (parent, parent.parent):
                if leaf is None or id(leaf) in leaves:
                    continue
                day = split_date(markup.collapsed(" ".join(markup.strings(leaf))))
                if day:
                    leaves.add(id(leaf))
                    found.append((leaf, order, day))
                    break
    return found


def dated_rows(page: Page) -> list[Row]:
    around: dict[int, tuple[Tag, list[tuple[int, date]]]] = {}
    for holder, order, day in _dates(page):
        element: Tag | None = holder
        while element is not None and id(element) not in page.below:
            element = element.parent
        if element is None or isinstance(element, BeautifulSoup) or element.name in ("html", "body"):
            continue
        around.setdefault(id(element), (element, []))[1].append((order, day))

    rows: dict[int, Row] = {}
    for element, dates in around.values():
        for link, day in _paired(page, element, dates):
            known = rows.get(link.order)
            # A hidden table inside the row repeats the date deeper down: the outermost place is the row's own.
            if known is None or any(parent is element for parent in known.element.parents):
                rows[link.order] = Row(element, link, day)
    return list(rows.values())


def _paired(page: Page, element: Tag, dates: list[tuple[int, date]]) -> list[tuple[Link, date]]:
    """Which link each date belongs to, where ``element`` is the smallest that holds both."""
    links = page.below[id(element)]
    if len({link.url for link in links}) == 1 or len(dates) == 1:
        link = primary_link(element, links)
        return [(link, _telling_date(element, dates))] if link else []
    events = sorted([(link.order, link) for link in links] + list(dates), key=lambda event: event[0])
    date_first = not isinstance(events[0][1], Link)
    pairs: list[tuple[Link, date]] = []
    segment: list[Link] = []
    pending: date | None = None
    for _, event in events:
        if isinstance(event, Link):
            segment.append(event)
            continue
        if date_first:
            if pending and segment and (link := primary_link(element, segment)):
                pairs.append((link, pending))
            pending, segment = event, []
        elif segment:
            if link := primary_link(element, segment):
                pairs.append((link, event))
            segment = []
    if date_first and pending and segment and (link := primary_link(element, segment)):
        pairs.append((link, pending))
    return pairs


def _telling_date(element: Tag, dates: list[tuple[int, date]]) -> date:
    """Of several dates in one row the one whose column is headed 发布; else the last, which is where lists print it."""
    if len(dates) > 1 and element.name == "tr" and (table := element.find_parent("table")) is not None:
        head = table.find("tr")
        labels = [markup.shown_text(cell) for cell in head.find_all(["td", "th"])] if isinstance(head, Tag) else []
        cells = element.find_all(["td", "th"], recursive=False)
        for label, cell in zip(labels, cells, strict=False):
            day = read_date(markup.shown_text(cell))
            if day and re.search("发布|公开|公布", label):
                return day
    return dates[-1][1]


def primary_link(element: Tag, links: Sequence[Link]) -> Link | None:
    """The link that is the row's title: not one of a nested list, not 详细 or 解读, the first with a telling text."""
    own = [link for link in links if not _is_nested(link.tag, element)] or list(links)
    named = [(link, link_text(link.tag)) for link in own]
    telling = [link for link, text in named if len(text) >= 6 and not _GENERIC.fullmatch(text)]
    if telling:
        return telling[0]
    rest = [(len(text), -link.order, link) for link, text in named if text and not _GENERIC.fullmatch(text)]
    if rest:
        return max(rest, key=lambda item: item[:2])[2]
    titled = [link for link in own if markup.attribute(link.tag, "title").strip()]
    return next(iter(titled or [link for link, text in named if text]), None)


def _is_nested(tag: Tag, row: Tag) -> bool:
    for parent in tag.parents:
        if parent is row:
            return False
        if parent.name in _NESTED:
            return True
    return False


def link_text(tag: Tag) -> str:
    """The link's text without dates and pin marks that stand inside it."""
    pieces = [text for text in markup.strings(tag) if not _is_mark(text)]
    leaf = markup.collapsed(" ".join(pieces))
    if split_date(leaf) or read_date(leaf):
        return ""
    return markup.collapsed("".join(_without_leaves(tag, pieces)))


def _is_mark(text: NavigableString) -> bool:
    return read_date(text) is not None or PINNED_MARK.match(text.strip()) is not None


def _without_leaves(tag: Tag, pieces: Iterable[NavigableString]) -> list[str]:
    """``pieces`` without those of a calendar leaf inside the link."""
    kept: list[str] = []
    for text in pieces:
        parents = []
        for parent in text.parents:
            if parent is tag:
                break
            parents.append(parent)
        if any(split_date(markup.collapsed(" ".join(markup.strings(parent)))) for parent in parents):
            continue
        kept.append(text)
    return kept


# --------------------------------------------------------------------------- blocks


def _lifted(page: Page, row: Row) -> Tag:
    """The row's outermost element: as far up as nothing but this row's links lies below."""
    element, count = row.element, len(page.below[id(row.element)])
    while (parent := element.parent) is not None and parent.name not in ("body", "html", "[document]"):
        if len(page.below[id(parent)]) != count and {link.url for link in page.below[id(parent)]} != {row.link.url}:
            break
        element, count = parent, len(page.below[id(parent)])
    return element


def blocks(page: Page) -> list[list[Row]]:
    """Dated rows by the list they stand in, rows within rows left out; blocks and rows in page order."""
    rows = [Row(_lifted(page, row), row.link, row.date) for row in dated_rows(page)]
    rows = outer_rows(rows)
    rows.sort(key=lambda row: row.link.order)
    by_parent: dict[int, list[Row]] = {}
    for row in rows:
        by_parent.setdefault(id(row.element.parent), []).append(row)
    return _joined(list(by_parent.values()))


def outer_rows(rows: list[Row]) -> list[Row]:
    """``rows`` without those inside another row; a lone element that merely surrounds a list is no row itself."""
    by_element: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_element[id(row.element)].append(row)
    siblings: dict[tuple[int, str], int] = defaultdict(int)
    for row in rows:
        siblings[id(row.element.parent), row.element.name] += 1
    inner: set[int] = set()
    surrounding: set[int] = set()
    for row in rows:
        for parent in row.element.parents:
            if id(parent) not in by_element:
                continue
            is_row = parent.name in _ROW_TAGS or siblings[id(parent.parent), parent.name] > 1
            if is_row:
                inner.add(id(row.element))
            else:
                surrounding.add(id(parent))
    return [row for row in rows if id(row.element) not in inner | surrounding]


def _joined(parts: list[list[Row]]) -> list[list[Row]]:
    """Blocks put together where one list is spread over several elements of one kind (five rows to a ``ul``)."""
    joined: dict[tuple[int, str], list[Row]] = {}
    singles: list[list[Row]] = []
    for block in parts:
        parent = block[0].element.parent
        if parent is None or parent.parent is None or parent.name in ("body", "html"):
            singles.append(block)
            continue
        joined.setdefault((id(parent.parent), parent.name), []).extend(block)
    # A list element with one row only was lifted to that list element itself: it belongs to its brothers.
    for key, block in list(joined.items()):
        if len(block) == 1 and (home := (id(block[0].element.parent), block[0].element.name)) in joined and home != key:
            joined[home].extend(block)
            del joined[key]
    result = [sorted(block, key=lambda row: row.link.order) for block in [*joined.values(), *singles]]
    return sorted(result, key=lambda block: block[0].link.order)


def chosen_block(page: Page, base: str, pager: Tag | None) -> list[Row]:
    """The block that is the column's own list, with undated rows between its dated ones put back."""
    directory = _directory(base)
    # One link beside one date may be a breadcrumb beside today's date: it must look like an article to be a list.
    found = [block for block in blocks(page) if len(block) > 1 or _is_article(directory, block[0])]
    undated = undated_rows(page, {row.link.url for block in found for row in block})
    if len(undated) < _LIST and not all(_is_below(directory, row) for row in undated):
        undated = []  # a stray link in a menu is no list
    if not found:
        return undated
    if undated:
        found.append(undated)
    largest = max(len(block) for block in found)
    near = {id(block): _common_depth(block[0].element, pager) for block in found} if pager else {}
    nearest = max(near.values(), default=0)

    def score(block: list[Row]) -> float:
        own = sum(_is_below(directory, row) for row in block) * 2 >= len(block)
        beside_pager = bool(near) and near[id(block)] == nearest
        aside = any(
            _ASIDE.search(" ".join([markup.attribute(parent, "class"), markup.attribute(parent, "id")]))
            for parent in (block[0].element, *block[0].element.parents)
            if parent.name not in ("body", "html", "[document]")
        )
        long_enough = sum(len(link_text(row.link.tag)) for row in block) >= 6 * len(block)
        doubt = 2 * aside + (block is undated)  # the dated rows of a margin must not hide a list without dates
        return 2 * own + 2 * beside_pager + 2 * (len(block) * 2 >= largest) + long_enough - doubt

    best = max(found, key=lambda block: (score(block), -block[0].link.order))
    return best if best is undated else with_undated(page, best)


def _directory(base: str) -> str | None:
    """The address below which a column's own pages lie; ``None`` for the root of a site, where everything does."""
    directory = base.partition("?")[0].rsplit("/", 1)[0] + "/"
    return directory if urlsplit(directory).path.strip("/") else None


def _is_below(directory: str | None, row: Row) -> bool:
    return directory is not None and row.link.url.startswith(directory)


def _is_article(directory: str | None, row: Row) -> bool:
    is_page = not row.link.url.endswith("/") and "/index." not in row.link.url
    return is_page and (_is_below(directory, row) or _DETAIL.search(row.link.url) is not None)


def _common_depth(element: Tag, other: Tag) -> int:
    parents = {id(parent) for parent in element.parents}
    shared = next((parent for parent in other.parents if id(parent) in parents), None)
    return sum(1 for _ in shared.parents) if shared is not None else 0


def with_undated(page: Page, block: list[Row]) -> list[Row]:
    """``block`` with brothers of its rows that hold a title but no date: a row is not dropped for a missing date."""
    known = {id(row.element) for row in block}
    found = list(block)
    parents = {id(row.element.parent): row.element.parent for row in block if len(block) > 1}
    kinds = {row.element.name for row in block}
    for parent in parents.values():
        for brother in parent.find_all(list(kinds), recursive=False) if parent is not None else ():
            links = page.below.get(id(brother), [])
            if id(brother) in known or not links or any(row.element in brother.descendants for row in block):
                continue
            link = primary_link(brother, links)
            if link and len(links) <= 6 and len(link_text(link.tag)) >= 6 and _DETAIL.search(link.url):
                found.append(Row(brother, link, None))
    return sorted(found, key=lambda row: row.link.order)


def undated_rows(page: Page, dated: Collection[str] = ()) -> list[Row]:
    """Rows of a list that prints no dates: the largest set of brothers whose links look like detail addresses.

    ``dated`` are addresses of rows with dates, which belong to other lists.
    """
    blocks: dict[tuple[int, str], list[Row]] = {}
    for link in page.links:
        if link.url in dated or link.url.endswith("/") or not _DETAIL.search(link.url):
            continue
        if len(link_text(link.tag)) < 6:
            continue
        element = _lifted(page, Row(link.tag, link, None))
        blocks.setdefault((id(element.parent), element.name), []).append(Row(element, link, None))
    return max(blocks.values(), key=len, default=[])
