"""What list pages state of their own length, in every spelling: scripts, link bars, encoded ones, listing models."""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from scrapers import addresses
from scrapers.platforms import markup, scripts
from scrapers.platforms.scripts import whole_number
from scrapers.records import Pager, Request

MOST_PAGES = 100_000
"""A page count beyond this is a misread number, not a list."""

_TOTAL = re.compile(r"(?:共|总计|总数|合计)?\s*[:：]?\s*(\d{1,7})\s*(?:条|篇|个?记录|项)")
_PAGES = re.compile(r"共\s*(\d{1,5})\s*页|(?<!\d)\d{1,5}\s*/\s*(\d{1,5})\s*页?(?!\d)")
_NEXT = re.compile(r"下\s*一?\s*页|后一页|next(?: page)?|[>›»]{1,2}|下一页\s*[>›»]+", re.IGNORECASE)
_LAST = re.compile(r"尾\s*页|末\s*页|最后一?页|last(?: page)?|[>›»]{1,2}\|", re.IGNORECASE)
_COUNT_VARIABLES = ("countPage", "pageCount", "page_count", "_PAGE_COUNT", "totalPages", "totalPage")
_CURRENT_VARIABLES = ("currentPage", "curPage", "currPage", "pageIndex", "page_index", "_PAGE_INDEX", "nCurrIndex")
_STATIC_NAME = re.compile(r"(?P<stem>[^/]*?)(?:_(?P<number>\d+))?\.(?P<extension>[A-Za-z]+)$")


@dataclass(frozen=True, slots=True)
class FoundPager:
    """A pager, where it stands, and what it leads to."""

    kind: str | None
    base: str
    """Address from which the page's relative links count."""
    pages: int | None = None
    total: int | None = None
    page2: str | None = None
    more: tuple[Request, ...] = ()
    element: Tag | None = None
    """Where it stands in the page; ``None`` where only a script far from the list states it."""

    def pager(self, row: Tag | None) -> Pager:
        """The record of it; ``row``, any row of the list, shows whether a page without pager is fed by data blocks."""
        kind = self.kind
        if kind is None and row is not None and _feed(row):
            kind = "datasource"
        return Pager(kind=kind, pages=self.pages, total=self.total, page2=self.page2)


def read_pager(soup: BeautifulSoup, base: str) -> FoundPager:
    """The pager of a list page. ``base`` is the page's address or what its ``<base>`` says. Never raises."""
    return (
        _create_page_html(soup, base)
        or _count_page(soup, base)
        or _list_model(soup, base)
        or _encoded_links(soup, base)
        or _link_bar(soup, base)
        or _counted_unit(soup, base)
        or FoundPager(None, base)
    )


# --------------------------------------------------------------------------- TRS scripts


def _create_page_html(soup: BeautifulSoup, base: str) -> FoundPager | None:
    """``createPageHTML(pages, current, name, extension[, total])`` or the same behind the id of a container."""
    scope = ""
    for script in soup.find_all("script"):
        source = script.string or ""
        if not re.search("create_?page", source, re.IGNORECASE):
            continue
        code = scripts.without_comments(source)
        scope = scope or scripts.without_comments(markup.scripts(soup))
        for arguments in scripts.calls(code, r"create_?page(?:html)?\w*", scope or code):
            found = _static_pager(arguments, base, script)
            if found:
                return found
    return None


def _static_pager(arguments: tuple[object, ...], base: str, element: Tag) -> FoundPager | None:
    has_container = bool(arguments) and isinstance(arguments[0], str) and whole_number(arguments[0]) is None
    values = arguments[1:] if has_container else arguments
    if len(values) < 4:
        return None
    pages, current = whole_number(values[0]), whole_number(values[1])
    name, extension = values[2], values[3]
    if pages is None or pages > MOST_PAGES or not isinstance(name, str) or not isinstance(extension, str) or not name:
        return None
    total = whole_number(values[4]) if len(values) > 4 else None
    form = "createPageHTML-container" if has_container else "createPageHTML"
    return _numbered_files(
        form, base, element, pages, current, name, extension, total, counted_from=1 if has_container else 0
    )


def _count_page(soup: BeautifulSoup, base: str) -> FoundPager | None:
    """``var currentPage = 0; var countPage = 31`` with the links written out by the script itself."""
    for script in soup.find_all("script"):
        source = script.string or ""
        if not any(name in source for name in _COUNT_VARIABLES):
            continue
        code = scripts.without_comments(source)
        pages = _first_number(code, _COUNT_VARIABLES)
        current = _first_number(code, _CURRENT_VARIABLES)
        if pages is None or pages > MOST_PAGES or current is None:
            continue
        name = re.search(r"([A-Za-z][\w-]*)\.(s?html?|jsp|aspx?)\b", code)
        file = _STATIC_NAME.match(urlsplit(base).path.rsplit("/", 1)[-1])
        if name:
            stem, extension = name[1], name[2]
        elif file:
            stem, extension = file["stem"], file["extension"]
        else:
            return FoundPager(f"countPage-{current if current < 2 else 0}", base, pages=pages, element=script)
        total = _first_number(code, ("recordCount", "totalCount", "totalRecord", "countnum"))
        return _numbered_files("countPage", base, script, pages, current, stem, extension, total, counted_from=0)
    return None


def _first_number(code: str, names: tuple[str, ...]) -> int | None:
    numbers = (whole_number(scripts.variable(code, name)) for name in names)
    return next((number for number in numbers if number is not None), None)


def _numbered_files(
    form: str,
    base: str,
    element: Tag,
    pages: int,
    current: int | None,
    name: str,
    extension: str,
    total: int | None,
    *,
    counted_from: int,
) -> FoundPager:
    """Files ``name.ext``, ``name_1.ext`` ... up to ``name_{pages - 1}`` (counted from 0) or ``name_{pages}`` (from 1).

    Only the first page shows from which number the pages count: it is page 0 or page 1 there. On a later page the
    form's custom holds, and ``more`` names the next file only, and only where it exists under either reading.
    """
    base = addresses.as_directory(base)
    extension = extension.lstrip(".")
    stem = name.removesuffix("." + extension)
    shown = _STATIC_NAME.match(urlsplit(base).path.rsplit("/", 1)[-1])
    is_numbered = shown is not None and shown["number"] and shown["stem"] == stem.rsplit("/", 1)[-1]
    number = int(shown["number"]) if shown is not None and is_numbered else 0  # some sites link page 1 as index_0
    if number == 0 and current in (0, 1):
        counted_from = current
    second = counted_from + 1
    numbers = range(second, pages + counted_from) if number == 0 else range(number + 1, min(number + 2, pages))
    files = [addresses.canonical(f"{stem}_{at}.{extension}", base) for at in numbers]
    page2 = addresses.canonical(f"{stem}_{second}.{extension}", base) if pages > 1 else None
    more = tuple(Request(url, headers={"Referer": base}) for url in files if url)
    return FoundPager(f"{form}-{counted_from}", base, pages, total, page2, more, element)


# --------------------------------------------------------------------------- TRS API lists


def _list_model(soup: BeautifulSoup, base: str) -> FoundPager | None:
    """``listModel({..., pagebar: {prepage: 10, recordCount: '20'}})``: page 1 is in the page, the rest in a service."""
    found = list_model(soup)
    if found is None:
        return None
    options, element = found
    keys = scripts.flat(options)
    total, size = whole_number(keys.get("recordcount")), whole_number(keys.get("prepage"))
    pages = math.ceil(total / size) if total is not None and size else None
    return FoundPager("trsapi", base, pages=pages, total=total, element=element if _inside_content(element) else None)


def list_model(soup: BeautifulSoup) -> tuple[dict[str, object], Tag] | None:
    """Options of the page's ``listModel({...})`` call and the script that makes it."""
    for script in soup.find_all("script"):
        source = script.string or ""
        if "listModel" not in source:
            continue
        for arguments in scripts.calls(scripts.without_comments(source), r"(?:\w+\.)?listModel"):
            for argument in arguments:
                if isinstance(argument, dict) and "prepage" in scripts.flat(argument):
                    return argument, script
    return None


def _inside_content(element: Tag) -> bool:
    return element.parent is not None and element.parent.name not in ("head", "body", "html")


# --------------------------------------------------------------------------- jpaas


def _counted_unit(soup: BeautifulSoup, base: str) -> FoundPager | None:
    """The pagination element of a jpaas unit, ``count="931" rows="50"``: an address of the second page it has not."""
    for element in soup.find_all(attrs={"count": True}):
        total, size = whole_number(markup.attribute(element, "count")), whole_number(markup.attribute(element, "rows"))
        if total is not None and (size or "pag" in markup.attribute(element, "class").lower()):
            pages = math.ceil(total / size) if size else None
            return FoundPager("jpaas", base, pages=pages, total=total, element=element)
    return None


# --------------------------------------------------------------------------- link bars


def _encoded_links(soup: BeautifulSoup, base: str) -> FoundPager | None:
    """A bar whose links are base64 of URL-encoded HTML, put in place by a script."""
    for element in soup.find_all(id=re.compile("page", re.IGNORECASE)):
        text = markup.SPACE.sub("", element.get_text())
        if len(text) < 40 or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text):
            continue
        try:
            decoded = unquote(base64.b64decode(text + "=" * (-len(text) % 4)).decode("ascii")).replace("+", " ")
        except (binascii.Error, UnicodeDecodeError):  # a word that merely looks like base64
            continue
        bar = markup.parse(decoded)
        found = _from_links(bar, bar.get_text(" "), base, "base64-pages")
        if found:
            return FoundPager("base64-pages", base, found.pages, found.total, found.page2, found.more, element)
    return None


def _link_bar(soup: BeautifulSoup, base: str) -> FoundPager | None:
    """A bar of plain links: numbers, 下一页, 尾页."""
    named = soup.find(id="page_nav_list")
    if isinstance(named, Tag):
        found = _from_links(named, named.get_text(" "), base, "page_nav_list")
        return found or FoundPager("page_nav_list", base, pages=1, element=named)
    for link in soup.find_all("a"):
        if not _NEXT.fullmatch(markup.shown_text(link)):
            continue
        # The bar is the smallest element around the link that also holds numbers, or 尾页.
        for parent in list(link.parents)[:4]:
            words = [markup.shown_text(other) for other in parent.find_all(["a", "span", "em", "strong", "li", "b"])]
            if any(word.isdigit() or _LAST.fullmatch(word) for word in words) or _PAGES.search(parent.get_text(" ")):
                found = _from_links(parent, parent.get_text(" "), base, "links")
                if found:
                    return found
                break
        else:
            found = _from_links(link.parent, "", base, "links") if link.parent else None
            if found:
                return found
    return None


def _from_links(bar: Tag, text: str, base: str, kind: str) -> FoundPager | None:
    numbered: dict[int, str] = {}
    following: str | None = None
    last: str | None = None
    largest = 0
    for link in bar.find_all("a"):
        word = markup.shown_text(link)
        url = addresses.canonical(markup.attribute(link, "href"), base)
        if word.isascii() and word.isdigit() and len(word) <= 5:
            largest = max(largest, int(word))
            if url:
                numbered.setdefault(int(word), url)
        elif url and (_NEXT.fullmatch(word) or "next" in markup.attribute(link, "class").lower()):
            following = following or url
        elif url and (_LAST.fullmatch(word) or "end_page" in markup.attribute(link, "class")):
            last = url
    if not numbered and following is None:
        return None
    own = _own_number(bar, numbered)
    largest = max(largest, own or 0)
    said = _PAGES.search(text)
    pages = int(said[1] or said[2]) if said else None
    if pages is None:
        pages = max(largest, _page_number(last, numbered) or 0) or None
    total = _TOTAL.search(text)
    current = own or _current_page(base, numbered, following)
    more = [following] if following else []
    step = (current or 1) + 1
    while step in numbered:
        more.append(numbered[step])
        step += 1
    requests = tuple(Request(url, headers={"Referer": base}) for url in dict.fromkeys(more) if url != base)
    return FoundPager(
        kind,
        base,
        pages,
        int(total[1]) if total else None,
        numbered.get(2) or (following if current in (None, 1) else None),
        requests,
        bar,
    )


def _page_number(url: str | None, numbered: dict[int, str]) -> int | None:
    """Page number in the address of the last page, where the addresses of numbered pages carry their own number."""
    if url is None:
        return None
    for number, other in numbered.items():
        if number > 1 and re.search(
            rf"(?<!\d){number}(?!\d)", urlsplit(other).path.rsplit("/", 1)[-1] + "?" + urlsplit(other).query
        ):
            found = re.findall(r"\d+", urlsplit(url).path.rsplit("/", 1)[-1] + "?" + urlsplit(url).query)
            return int(found[-1]) if found and len(found[-1]) <= 5 else None
    return None


def _own_number(bar: Tag, numbered: dict[int, str]) -> int | None:
    """Number of the page itself where the bar shows it without a link, beside its linked neighbours."""
    for mark in bar.find_all(["span", "em", "b", "strong", "i", "a"]):
        word = markup.shown_text(mark)
        number = int(word) if word.isascii() and word.isdigit() and len(word) <= 5 else 0
        if number and number not in numbered and (number - 1 in numbered or (number == 1 and 2 in numbered)):
            return number
    return None


def _current_page(base: str, numbered: dict[int, str], following: str | None) -> int | None:
    for number, url in numbered.items():
        if url == base:
            return number
    if following is not None:
        return next((number - 1 for number, url in numbered.items() if url == following), None)
    return None


def _feed(row: Tag) -> bool:
    """Whether a list is filled from a data block: ``data="datasource:<id>"`` on an element around it."""
    return any(re.match(r"datasource:[0-9a-f]{8,}", markup.attribute(parent, "data")) for parent in (row, *row.parents))
