"""An article over several pages: which address has the next one.

Systems that cut a long article write its pages as files beside the first, ``t20250312_1.html`` and
``t20250312_1_1.html`` ..., or ask for the same address with ``page=2``. A script (``createPageHTML``, ``countPage``) or
links say how many there are. What tells these from the pages of a list, or from the next article, is the name: each has
the whole name of the first page in its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

from scrapers.records import Pager

PAGES_MISSING = "pages_missing"
"""Flag of a text that is not the whole article: further pages were not read, or could not be."""
KIND = "article"
"""``Pager.kind`` of a document that goes on."""

_FILE = re.compile(r"(?P<stem>[\w-]+?)\.(?P<ending>s?html?|jhtml|aspx?|jspx?|php|do)")
_NUMBERED = re.compile(r"(?P<stem>.+)[_-](?P<number>\d{1,2})")
_NO_ARTICLE = frozenset({"index", "list", "default", "main", "home", "node"})
"""File names that a column's pages have as well: their numbered files are pages of a list."""
_HREF = re.compile(r"""<a\b[^<>]*?\bhref\s*=[\s"']*+([^"'\s<>]+)""", re.I)
_CREATED = re.compile(
    r"(?<![/\w])create_?page\w*\(\s*(?P<container>[\"'][\w#.-]*[\"']\s*,\s*)?[\"']?(?P<pages>\d{1,3})[\"']?\s*,\s*[\"']?(?P<current>\d{1,3})[\"']?"
    r"\s*,\s*[\"'](?P<name>[^\"']+)[\"']\s*,\s*[\"']\.?(?P<ending>\w+)[\"']",
    re.I,
)
_COUNTED = re.compile(r"\b(?:countPage|pageCount)\s*=\s*[\"']?(\d{1,3})")
_SHOWN = re.compile(r"\b(?:currentPage|curPage)\s*=\s*[\"']?(\d{1,3})")
_SCRIPT = re.compile(r"<script\b[^<>]*+>", re.I)
_SCRIPT_END = re.compile("</script", re.I)
_PARAMETERS = frozenset({"page", "p", "pn", "pageno", "pagenum", "currentpage", "curpage", "pageindex", "cur_page"})
_PARAMETER = re.compile(r"[?&;](?:page|p|pn|pageno|pagenum|currentpage|curpage|pageindex|cur_page)=[1-9]", re.I)
_MOST = 99


def next_page(text: str, url: str, *, first: str | None = None, raw: bytes | None = None) -> Pager | None:
    """The page behind the one at ``url``, as a pager whose ``page2`` is its address; ``None`` where none follows.

    ``text`` is the page's markup, ``raw`` the same in UTF-8 where it is at hand, in which names are found sooner;
    ``first`` is the address of the article's first page where this is a further one.
    ``Pager.pages`` is how many pages there are, as far as this one says. Only addresses beside the first page's, on its
    host, are given.
    """
    try:
        parts, own = urlsplit(first or url), urlsplit(url)
    except ValueError:  # http://[ and the like: no address
        return None
    if not parts.netloc:
        return None
    name = parts.path.rpartition("/")[2]
    file = _FILE.fullmatch(name)
    stem = file["stem"] if file is not None and file["stem"].lower() not in _NO_ARTICLE else None
    by_name = stem is not None and _is_named_on(text.encode("utf-8", "replace") if raw is None else raw, stem.encode())
    by_query = bool(parts.query) and _PARAMETER.search(text) is not None
    if not by_name and not by_query:
        return None
    shown = _without_comments(text)
    if stem is not None and file is not None and by_name:
        current = _number_of(own.path.rpartition("/")[2], stem) if first is not None else 0
        scripted = _scripted(shown, stem, file["ending"], current)
        if scripted is not None:
            pages, following = scripted
            return Pager(KIND, pages, page2=urljoin(first or url, following)) if following else None
        found = _linked_files(shown, url, parts.netloc, parts.path, stem, current)
    else:
        found = {}
        current = 1
    if not found and by_query:
        asked = _page_asked(own.query)
        current = asked[1] if first is not None and asked is not None else 1
        found = _linked_queries(shown, url, first or url, current)
    if not found:
        return None
    # The first file behind name.html is name_1.html on some systems, name_2.html on others.
    return Pager(KIND, None, page2=found[min(found)])


def _is_named_on(raw: bytes, stem: bytes) -> bool:
    """Whether what may be a further page's name, or a script's argument, stands anywhere in a page."""
    at = raw.find(stem)
    while at >= 0:
        at += len(stem)
        if raw[at : at + 1] in _BEHIND_STEM:
            return True
        at = raw.find(stem, at)
    return False


_BEHIND_STEM = frozenset((b"_", b"-", b'"', b"'"))


def _without_comments(text: str) -> str:
    """Pages hold other articles' pagers in comments. One that is not closed hides nothing here."""
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join((*parts, text[at:]))


def _scripts(text: str) -> Iterator[str]:
    """What stands in the scripts of a page, by searches that take time with its length and not with its square."""
    begun = _SCRIPT.search(text)
    while begun is not None and (ended := _SCRIPT_END.search(text, begun.end())) is not None:
        yield text[begun.end() : ended.start()]
        begun = _SCRIPT.search(text, ended.end())


def _number_of(name: str, stem: str) -> int:
    numbered = _NUMBERED.fullmatch(name.partition(".")[0])
    return int(numbered["number"]) if numbered is not None and numbered["stem"] == stem else 0


def _scripted(text: str, stem: str, ending: str, current: int) -> tuple[int, str | None] | None:
    """How many pages a script says that there are, and the name of the next; ``None`` where it says nothing of this
    article."""
    for code in _scripts(text):
        if stem not in code:
            continue
        called = next((one for one in _CREATED.finditer(code) if one["name"] == stem), None)
        if called is not None:
            pages, ending = int(called["pages"]), called["ending"]
            # Counted from 0: name.html, name_1.html ... name_{pages - 1}.html; from 1: name.html, name_2.html ...
            counted_from = int(called["current"]) if not current else int(called["container"] is not None)
        elif (counted := _COUNTED.search(code)) is not None and _SHOWN.search(code) is not None:
            pages, counted_from = int(counted[1]), 0
        else:
            continue
        following = (current or counted_from) + 1
        return pages, f"{stem}_{following}.{ending}" if following < pages + counted_from else None
    return None


def _linked_files(text: str, url: str, host: str, path: str, stem: str, current: int) -> dict[int, str]:
    """Number -> address of the linked pages behind this one."""
    folder = path.rpartition("/")[0]
    found: dict[int, str] = {}
    for address in _linked(text, url, stem):
        parts = urlsplit(address)
        there, _, name = parts.path.rpartition("/")
        number = _number_of(name, stem) if parts.netloc == host and there == folder and _FILE.fullmatch(name) else 0
        if number > current:
            found.setdefault(number, address)
    return found


def _linked_queries(text: str, url: str, first: str, current: int) -> dict[int, str]:
    own = urlsplit(first)
    mine = [pair for pair in parse_qsl(own.query) if pair[0].lower() not in _PARAMETERS]
    if not mine:
        return {}  # an address without any other parameter is a list's
    found: dict[int, str] = {}
    for address in _linked(text, url, "="):
        parts = urlsplit(address)
        asked = _page_asked(parts.query)
        if asked is None or (parts.netloc, parts.path) != (own.netloc, own.path) or asked[0] != mine:
            continue
        if current < asked[1] <= _MOST:
            found.setdefault(asked[1], address)
    return found


def _page_asked(query: str) -> tuple[list[tuple[str, str]], int] | None:
    """The other parameters of a query and the page it asks for; ``None`` where it asks for none."""
    pairs = parse_qsl(query)
    pages = [value for name, value in pairs if name.lower() in _PARAMETERS]
    if len(pages) != 1 or not pages[0].isdecimal() or len(pages[0]) > 2:
        return None
    return [pair for pair in pairs if pair[0].lower() not in _PARAMETERS], int(pages[0])


def _linked(text: str, url: str, holds: str) -> Iterator[str]:
    for href in dict.fromkeys(_HREF.findall(text)):
        if holds in href:
            try:
                yield urljoin(url, unescape(href))
            except ValueError:  # http://[ and the like: no address
                continue
