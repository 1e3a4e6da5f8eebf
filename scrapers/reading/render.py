"""A container as pieces of text: one piece a line, a data table in one piece."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from scrapers.reading.body import Container
from scrapers.reading.dom import BLOCKS, Line, Tree, tidy
from scrapers.reading.tables import Grid, read_table

_NUMERALS = "一二三四五六七八九十百零〇"
_HEADINGS = (
    (1, re.compile(rf"第[{_NUMERALS}\d]{{1,4}}(?:部分|章|编|篇)")),
    (1, re.compile(rf"[{_NUMERALS}]{{1,4}}[、．.]")),
    (2, re.compile(rf"[（(][{_NUMERALS}]{{1,4}}[）)]")),
    (2, re.compile(rf"第[{_NUMERALS}\d]{{1,4}}节")),
    (3, re.compile(r"\d{1,2}[、．.](?!\d)")),
    (4, re.compile(r"[（(]\d{1,2}[）)]")),
)
_NUMBER_OPENS = frozenset(f"第（({_NUMERALS}")
"""With what a numbered line begins, where it does not begin with a digit."""
_MAX_HEADING = 60


class Piece(NamedTuple):
    """One line of the container, or one data table."""

    text: str
    first: int
    """Index of the first text node (or of the table)."""
    linked: int
    """Characters inside links."""
    unwanted: str | None
    """The rule that condemned an element around it, if any."""
    tag: str = "p"
    """The block element it stands in."""
    grid: Grid | None = None


class _Range(NamedTuple):
    """A subtree: indices ``start`` to ``end - 1``."""

    start: int
    end: int
    rule: str | None = None


def pieces(tree: Tree, container: Container, unwanted: Mapping[int, str]) -> list[Piece]:
    """Render a container. ``unwanted`` maps elements to the rule that will remove all their lines."""
    rendered: list[Piece] = []
    for place in container.places:
        rendered.extend(_pieces_of(tree, place, unwanted))
    return rendered


def _pieces_of(tree: Tree, root: int, unwanted: Mapping[int, str]) -> Iterator[Piece]:
    """The page's lines inside ``root``, but a table of data in one piece.

    A line is read anew from its text nodes only where it may be several pieces or not wholly inside: in ``<pre>`` and
    its like, at an unwanted element within a line, in a container that is no block or stands in a link.
    """
    tags, end = tree.tags, tree.ends[root]
    condemned = [_Range(place, tree.ends[place], unwanted[place]) for place in sorted(unwanted) if root <= place < end]
    condemned = _outermost(condemned)
    rows = _outermost([_Range(place, tree.ends[place]) for place in _preformatted(tree, root)])
    is_block = tags[root] in BLOCKS and all(tags[ancestor] != "a" for ancestor in tree.ancestors(root))
    whole = is_block and not rows and all(tags[cut.start] in BLOCKS for cut in condemned)
    number = bisect_left(tree.firsts, root)
    if not is_block and number and tree.lines[number - 1].last > root:
        number -= 1
    tables = iter([root, *_tagged(tree, "table", root)] if tags[root] == "table" else _tagged(tree, "table", root))
    table = next(tables, end)
    grid_end = root
    for line in islice(tree.lines, number, bisect_left(tree.firsts, end)):
        first = line.first
        while table < first:
            if table >= grid_end and (grid := read_table(tree, table)) is not None:
                grid_end = tree.ends[table]
                rule = _holding(condemned, table).rule
                if grid.caption:
                    yield Piece(grid.caption, table, 0, rule, "caption")
                yield Piece("\n".join(grid.lines), table, grid.linked, rule, "table", grid)
            table = next(tables, end)
        if first < grid_end:
            continue
        if whole:
            rule = _holding(condemned, first).rule if condemned else None
            yield Piece(line.text, first, line.linked, rule, _block_around(tree, root, first))
        else:
            yield from _cut(tree, root, line, condemned, rows)


def _cut(
    tree: Tree, root: int, line: Line, condemned: Sequence[_Range], preformatted: Sequence[_Range]
) -> Iterator[Piece]:
    """A line in pieces: what of it stands in ``root``, parted by unwanted elements and, in ``<pre>``, line breaks."""
    begin, stop = max(line.first, root + 1), min(line.last + 1, tree.ends[root])
    tag = _block_around(tree, root, begin)
    inside = [place for place in tree.ancestors(begin) if place > root]
    link_end = max((tree.ends[place] for place in inside if tree.tags[place] == "a"), default=0)
    unwanted = _holding(condemned, begin)
    parts: list[str] = []
    first, linked = -1, 0

    def ended() -> Iterator[Piece]:
        nonlocal first, linked
        text = tidy("".join(parts))
        if text:
            yield Piece(text, first, linked, unwanted.rule, tag)
        parts.clear()
        first, linked = -1, 0

    for place in range(begin, stop):
        holding = _holding(condemned, place)
        if holding != unwanted:
            yield from ended()
            unwanted = holding
        if tree.tags[place]:
            if tree.tags[place] == "a":
                link_end = max(link_end, tree.ends[place])
            continue
        text = tree.texts[place]
        if "\n" in text and _holding(preformatted, place).end:
            for row in text.split("\n"):
                parts.append(row)
                first = place
                yield from ended()
            continue
        if first < 0 and text and not text.isspace():
            first = place
        parts.append(text)
        if place < link_end:
            linked += len(text.strip())
    yield from ended()


_NOWHERE = _Range(0, 0)


def _holding(ranges: Sequence[_Range], place: int) -> _Range:
    """The one of several disjoint ranges that holds ``place``."""
    return next((one for one in ranges if one.start <= place < one.end), _NOWHERE)


def _outermost(ranges: Sequence[_Range]) -> list[_Range]:
    """Without those inside another; ``ranges`` are in page order."""
    kept: list[_Range] = []
    for one in ranges:
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


def _tagged(tree: Tree, tag: str, root: int) -> list[int]:
    """Elements of a tag under ``root``, in page order."""
    tags = tree.tags[root + 1 : tree.ends[root]]
    return [place for place, one in enumerate(tags, root + 1) if one == tag] if tag in tags else []


def _preformatted(tree: Tree, root: int) -> list[int]:
    """Elements whose text shows the line breaks of its source, ``root`` and what it stands in included."""
    if not any("\n" in text and "\n" in text.strip() for text in tree.texts[root : tree.ends[root]]):
        return []
    styled = [
        place
        for place in tree.select(('[style*="white-space" i]',))
        if _SHOWS_BREAKS.search(tree.attribute(place, "style")) is not None
    ]
    inside = _tagged(tree, "pre", root) + [place for place in styled if root < place < tree.ends[root]]
    around = [place for place in styled if place <= root < tree.ends[place]]
    return [root] if tree.tags[root] == "pre" or around else sorted(inside)


_SHOWS_BREAKS = re.compile(r"white-space\s*:\s*(?:pre\b|break-spaces)", re.I)


def _block_around(tree: Tree, root: int, place: int) -> str:
    """The tag of the innermost block that a text stands in, ``root`` at most."""
    tags, parents = tree.tags, tree.parents
    place = parents[place]
    while place > root and tags[place] not in BLOCKS:
        place = parents[place]
    return tags[place] if place > root else tags[root]


def heading_level(text: str, tag: str) -> int | None:
    """The level of a line that is a heading: by its numbering, or by its tag where it has none."""
    if len(text) > _MAX_HEADING or "。" in text[:-1] or text.endswith(("；", ";", "，")):
        return None
    for level, numbering in _HEADINGS if text[:1] in _NUMBER_OPENS or text[:1].isdecimal() else ():
        if numbering.match(text):
            return None if text.endswith("。") and level > 1 else level
    if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit() and not text.endswith("。"):
        return min(int(tag[1]), 4)
    return None
