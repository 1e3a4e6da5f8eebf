"""The disclosure platform of 广东省 (sites.md 4): a category tree in the index page, articles as JSON, 100 a page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from scrapers import addresses
from scrapers.platforms import answers, markup, scripts
from scrapers.platforms.list_rows import mark_pinned
from scrapers.platforms.protocol import PlatformError
from scrapers.platforms.scripts import whole_number
from scrapers.records import Column, ListPage, Outcome, Pager, Request

KIND = "gkmlpt"
PAGE_SIZE = 100
_DATES = ("display_publish_time", "first_publish_time", "date", "created_at", "create_time")
"""Which of them is the publication time is not documented: the one that is displayed comes first."""


@dataclass(frozen=True, slots=True)
class Category:
    """One category of the tree; ``path`` are the names from the root down to it."""

    id: str
    name: str
    path: tuple[str, ...]
    count: int | None
    jump_url: str | None


@dataclass(frozen=True, slots=True)
class Gkmlpt:
    """``category`` is an id or a name; else the address's fragment (``/gkmlpt/index#5850``) or the column's name is."""

    name: str = "gkmlpt"
    required: frozenset[str] = frozenset()
    allowed: frozenset[str] = field(default=frozenset({"category", "sid"}))
    open_ended: bool = False

    def first(self, column: Column) -> Request:
        _root(column)
        category, sid = column.parameters.get("category"), column.parameters.get("sid")
        if category and category.isdigit() and sid:
            return _page(column, category, sid, 1)
        return Request(f"{_root(column)}/index", headers={"Referer": column.url})

    def parse(self, column: Column, request: Request, body: str, hosts: tuple[str, ...]) -> ListPage:
        hosts = hosts or (addresses.host_of(column.url),)
        if "/api/all/" not in request.url:
            return _index(column, request, body)
        answer = answers.read_json(body)
        articles = answer.get("articles") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(articles, list):
            return ListPage(
                (), Pager(KIND), outcome=Outcome.WRONG_CONTENT, detail=f"{request.url}: no articles in JSON"
            )
        rows = []
        for item in articles:
            if not isinstance(item, dict):
                continue
            row = answers.row(
                item,
                column.url,
                hosts,
                addresses_of=("url", "post_url"),
                dates=_DATES,
                doc_number=answers.text_field(item, ("document_number",)),
                index_number=answers.text_field(item, ("identifier",)),
            )
            if row:
                rows.append(row)
        total = answers.total(answer, ("total", "post_count"))
        number = whole_number(dict(parse_qsl(urlsplit(request.url).query)).get("page")) or 1
        size = PAGE_SIZE
        if number == 1 and total is not None and 0 < len(articles) < min(total, size):
            size = len(articles)
        pages = math.ceil(total / size) if total is not None else None
        category = urlsplit(request.url).path.rsplit("/", 1)[-1]
        sid = dict(parse_qsl(urlsplit(request.url).query)).get("sid", "")
        numbers = range(2, (pages or 1) + 1) if number == 1 else range(0)
        more = tuple(_page(column, category, sid, at) for at in numbers)
        return ListPage(mark_pinned(rows), Pager(KIND, pages if number == 1 else None, total), more)


def read_index(body: str) -> tuple[str | None, tuple[Category, ...]]:
    """Site id and all categories of the index page's ``window._CONFIG``; ``None`` and ``()`` where it has none."""
    code = scripts.without_comments(markup.scripts(markup.parse(body)))
    for config in scripts.literals(code, r"_CONFIG\s*=\s*(?=\{)"):
        if isinstance(config, dict) and "TREE" in config:
            sid = config.get("SID")
            tree = config["TREE"]
            found = tuple(_categories(tree if isinstance(tree, list) else [], (), 0))
            return (str(sid) if isinstance(sid, str | int) and sid != "" else None), found
    return None, ()


def _categories(nodes: list[object], path: tuple[str, ...], depth: int) -> Iterator[Category]:
    for node in nodes:
        if not isinstance(node, dict) or depth > 12:
            continue
        name, jump = str(node.get("name") or ""), node.get("jump_url")
        here = (*path, name)
        count = whole_number(node.get("post_count"))
        yield Category(str(node.get("id") or ""), name, here, count, jump if isinstance(jump, str) and jump else None)
        children = node.get("children")
        yield from _categories(children if isinstance(children, list) else [], here, depth + 1)


def _index(column: Column, request: Request, body: str) -> ListPage:
    sid, categories = read_index(body)
    sid = column.parameters.get("sid") or sid
    if not sid or not categories:
        detail = f"{request.url} has no _CONFIG with SID and TREE: not a gkmlpt site, or it moved"
        return ListPage((), Pager(None), outcome=Outcome.WRONG_CONTENT, detail=detail)
    fragment = re.fullmatch(r"\d+", urlsplit(column.url).fragment)
    wanted = column.parameters.get("category") or (fragment.group() if fragment else None) or column.name
    if wanted is None:
        detail = f"{column.url}: gkmlpt needs the parameter category (an id or a name of the tree)"
        return ListPage((), Pager(None), outcome=Outcome.LISTING_GAP, detail=detail)
    found = [each for each in categories if wanted in (each.id, each.name)]
    if not found and wanted != "0":
        names = "、".join(each.name for each in categories[:12])
        detail = f"{request.url} has no category {wanted!r}; it has {len(categories)}, among them {names}"
        return ListPage((), Pager(None), outcome=Outcome.GONE, detail=detail)
    if found and found[0].jump_url:
        detail = f"category {wanted!r} leads to {found[0].jump_url}: make that the column"
        return ListPage((), Pager(None), outcome=Outcome.SOFT_404, detail=detail)
    if len({each.id for each in found}) > 1:
        places = ", ".join(f"{each.id} ({' > '.join(each.path)})" for each in found)
        detail = f"{request.url} has several categories {wanted!r}; give one's id as the parameter category: {places}"
        return ListPage((), Pager(None), outcome=Outcome.LISTING_GAP, detail=detail)
    category = found[0].id if found else "0"
    stated = {"category": category, "sid": sid}
    return ListPage((), Pager(None), (_page(column, category, sid, 1),), parameters=stated)


def _root(column: Column) -> str:
    """``{site}/gkmlpt`` of the column's address; a sub-site's stands under its own folder."""
    parts = urlsplit(column.url)
    head, mark, _ = parts.path.partition("/gkmlpt")
    if not mark:
        raise PlatformError(f"{column.url}: a gkmlpt column's address holds /gkmlpt/")
    return urlunsplit((parts.scheme, parts.netloc, f"{head}/gkmlpt", "", ""))


def _page(column: Column, category: str, sid: str, number: int) -> Request:
    query = urlencode({"page": number, "sid": sid})
    return Request(f"{_root(column)}/api/all/{category}?{query}", headers={"Referer": column.url.partition("#")[0]})
