"""A container as pieces of text: one piece a line, a data table in one piece."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scrapers.reading.body import Container
from scrapers.reading.dom import BLOCKS, Tree, tidy
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
_MAX_HEADING = 60


@dataclass(frozen=True, slots=True)
class Piece:
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


def pieces(tree: Tree, container: Container, unwanted: Mapping[int, str]) -> list[Piece]:
    """Render a container. ``unwanted`` maps elements to the rule that will remove all their lines."""
    rendered: list[Piece] = []
    for place in container.places:
        _render(tree, place, unwanted, rendered)
    return rendered


def _render(tree: Tree, root: int, unwanted: Mapping[int, str], rendered: list[Piece]) -> None:
    tags, ends, texts = tree.tags, tree.ends, tree.texts
    parts: list[str] = []
    first = -1
    linked = 0
    link_end = pre_end = 0
    condemned: str | None = None
    condemned_end = 0
    open_blocks: list[tuple[int, str]] = []
    i, end = root + 1, ends[root]
    if root in unwanted:
        condemned, condemned_end = unwanted[root], end

    def flush() -> None:
        nonlocal first, linked
        if parts:
            text = tidy("".join(parts))
            if text:
                tag = open_blocks[-1][1] if open_blocks else tags[root]
                rendered.append(Piece(text, first, linked, condemned, tag))
            parts.clear()
        first, linked = -1, 0

    while i < end:
        while open_blocks and i >= open_blocks[-1][0]:
            flush()
            open_blocks.pop()
        if condemned is not None and i >= condemned_end:
            flush()
            condemned = None
        tag = tags[i]
        if not tag:
            text = texts[i]
            if i < pre_end and "\n" in text:
                for row in text.split("\n"):
                    parts.append(row)
                    first = i
                    flush()
                i += 1
                continue
            if first < 0 and text and not text.isspace():
                first = i
            parts.append(text)
            if i < link_end:
                linked += len(text.strip())
            i += 1
            continue
        if condemned is None and i in unwanted:
            flush()
            condemned, condemned_end = unwanted[i], ends[i]
        if tag == "br":
            flush()
        elif tag == "a":
            link_end = max(link_end, ends[i])
        elif tag == "table":
            flush()
            grid = read_table(tree, i)
            if grid is not None:
                rendered.append(Piece("\n".join(grid.lines), i, grid.linked, condemned, "table", grid))
                i = ends[i]
                continue
            open_blocks.append((ends[i], tag))
        elif tag in BLOCKS:
            if tag == "pre":
                pre_end = ends[i]
            flush()
            open_blocks.append((ends[i], tag))
        i += 1
    flush()


def heading_level(text: str, tag: str) -> int | None:
    """The level of a line that is a heading: by its numbering, or by its tag where it has none."""
    if len(text) > _MAX_HEADING or "。" in text[:-1] or text.endswith(("；", ";", "，")):
        return None
    for level, numbering in _HEADINGS:
        if numbering.match(text):
            return None if text.endswith("。") and level > 1 else level
    if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit() and not text.endswith("。"):
        return min(int(tag[1]), 4)
    return None
