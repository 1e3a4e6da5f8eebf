"""A page by the layout that its source file gives for it: where body, title and day of publication stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scrapers.date_formats import read_day
from scrapers.reading.body import Container, shows_something
from scrapers.reading.dates import find_date
from scrapers.reading.dom import Tree, tidy
from scrapers.records import Flag, Layout, MetaValue

MISSED = "layout_missed"
"""Flag: a selector of the layout finds nothing on a page that it is for."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What a layout finds; absent is what it does not name or does not find."""

    body: Container | None = None
    title: str | None = None
    published: str | None = None
    """``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM``."""
    missed: tuple[Flag, ...] = ()


NOTHING = Stated()


def by_layout(tree: Tree, layout: Layout) -> Stated:
    """What ``layout`` finds on the page. Its selectors must be valid; the registry sees to that."""
    missed: list[Flag] = []

    def miss(key: str, why: str) -> None:
        missed.append(Flag(MISSED, f"{key} = {getattr(layout, key)!r} {why}"))

    body = title = published = None
    if layout.body is not None:
        places, why = _places(tree, layout.body)
        body = Container(places, layout.body) if places else None
        if body is None:
            miss("body", why)
    if layout.title is not None:
        title = _text(tree, layout.title)
        if title is None:
            miss("title", "finds no text")
    if layout.published is not None:
        text = _text(tree, layout.published)
        day = read_day(text, layout.date_formats) if text else None
        published = day.isoformat() if day else find_date(text) if text else None
        if published is None:
            miss("published", f"finds no day in {text[:80]!r}" if text else "finds no text")
    return Stated(body, title, published, tuple(missed))


def _places(tree: Tree, selector: str) -> tuple[tuple[int, ...], str]:
    """The outermost of the elements found that show something, in page order; else why there is none."""
    index = {node.mem_id: place for place, node in tree.nodes.items()}
    nodes = tree.parser.css(selector)
    kept: list[int] = []
    for place in sorted(index[node.mem_id] for node in nodes if node.mem_id in index):
        inside = bool(kept) and place < tree.ends[kept[-1]]
        if not inside and (tree.lines_between(place, tree.ends[place]) or shows_something(tree, place)):
            kept.append(place)
    if not nodes:
        return (), "finds nothing"
    plain = sorted({f"<{node.tag}>" for node in nodes if node.mem_id not in index})
    if plain and not kept:
        return (), f"finds {', '.join(plain)}, which holds no body: name a div, a table or a cell"
    return tuple(kept), "finds only elements without text and pictures"


def _text(tree: Tree, selector: str) -> str | None:
    """The text of the first element that has one."""
    return next((text for node in tree.parser.css(selector) if (text := tidy(node.text(separator=" ")))), None)


def chosen_by_layout(values: Sequence[MetaValue], stated: Stated) -> tuple[MetaValue, ...]:
    """``values`` with what the layout states chosen, as heading and in the info line; nothing stated is lost."""
    for field, value, origin in (("title", stated.title, "heading"), ("published", stated.published, "info_line")):
        if value is None:
            continue
        others = [
            replace(other, chosen=False, note=other.note or "the source's layout names another")
            if other.field == field and other.value != value
            else replace(other, chosen=False)
            if other.field == field
            else other
            for other in values
            if (other.field, other.value, other.origin) != (field, value, origin)
        ]
        values = [MetaValue(field, value, origin, chosen=True), *others]
    return tuple(values)
