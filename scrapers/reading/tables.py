"""Tables of a page: spans resolved into a grid, and which tables are only there to lay a page out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from scrapers.reading.dom import BLOCKS, Tree

_MAX_CELLS = 200_000
"""A grid larger than this is not resolved: a colspan of 1,000 on every cell is an attack or a mistake, not a table."""
_MAX_SPAN = 200


class Cell(NamedTuple):
    """One ``td`` or ``th`` as it stands in the page."""

    place: int
    text: str
    colspan: int
    rowspan: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of data. ``lines`` has each cell once, where it begins; ``rows`` has it wherever its spans reach."""

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]
    caption: str | None
    linked: int = 0
    """Characters that stand inside links."""


def cells(tree: Tree, place: int) -> list[list[Cell]]:
    """The cells of a table's own rows; a nested table is text of the cell it stands in."""
    rows: list[list[Cell]] = []
    sections: list[int] = []
    tags, i, end = tree.tags, place + 1, tree.ends[place]
    while i < end:
        tag = tags[i]
        if tag == "tr":
            rows.append([])
        elif tag in ("td", "th"):
            if not rows:
                rows.append([])
            attributes = tree.nodes[i].attributes
            rows[-1].append(Cell(i, tree.text(i), _span(attributes, "colspan"), _span(attributes, "rowspan")))
            i = tree.ends[i]
            continue
        elif tag in ("table", "caption"):
            i = tree.ends[i]
            continue
        elif tag in ("thead", "tbody", "tfoot"):
            sections.append(len(rows))
        i += 1
    return _within_sections(rows, sections) if len(sections) > 1 else rows


def _within_sections(rows: list[list[Cell]], starts: list[int]) -> list[list[Cell]]:
    """As a browser shows them: no cell reaches down into the next ``thead``, ``tbody`` or ``tfoot``."""
    clipped: list[list[Cell]] = []
    for start, end in pairwise([*starts, len(rows)]):
        clipped += [[cell._replace(rowspan=min(cell.rowspan, end - y)) for cell in rows[y]] for y in range(start, end)]
    return [*rows[: starts[0]], *clipped]


def read_table(tree: Tree, place: int) -> Grid | None:
    """The table at ``place``, or ``None`` where it only lays out what could as well be paragraphs.

    A layout table has one column, or one cell that holds most of the text in several lines, or other tables inside.
    """
    own = cells(tree, place)
    filled = [cell for row in own for cell in row if cell.text]
    if not filled:
        return None
    if max(sum(1 for cell in row if cell.text) for row in own) < 2:
        return None
    total = sum(len(cell.text) for cell in filled)
    widest = max(filled, key=lambda cell: len(cell.text))
    if len(widest.text) > 200 and len(widest.text) >= 0.6 * total and _lines(tree, widest.place) >= 3:
        return None
    nested = sum(len(cell.text) for cell in filled if "table" in tree.tags[cell.place : tree.ends[cell.place]])
    if nested > 0.5 * total:
        return None
    lines = []
    for row in own:
        line = "\t".join(cell.text for cell in row).rstrip("\t")
        if line.strip("\t"):
            lines.append(line)
    inside = tree.tags[place : tree.ends[place]]
    linked = sum(len(tree.text(i)) for i, tag in enumerate(inside, place) if tag == "a") if "a" in inside else 0
    return Grid(tuple(_resolved(own)), tuple(lines), _caption(tree, place), linked)


def _resolved(rows: list[list[Cell]]) -> list[tuple[str, ...]]:
    """Rows of equal width with every span filled by its cell's text."""
    width = filled = 0
    taken: list[dict[int, str]] = [{} for _ in rows]  # by row: column -> text
    for y, row in enumerate(rows):
        x = 0
        here = taken[y]
        for cell in row:
            while x in here:
                x += 1
            text, wide = cell.text, cell.colspan
            high = min(cell.rowspan, len(rows) - y)
            if filled + high * wide > _MAX_CELLS:
                return _unresolved(rows)
            for below in taken[y : y + high] if high > 1 else (here,):
                before = len(below)
                for column in range(x, x + wide):
                    below.setdefault(column, text)
                filled += len(below) - before
            x += wide
            width = max(width, x)
    if width * len(rows) > _MAX_CELLS:
        return _unresolved(rows)
    columns = range(width)
    grid = [tuple([filled_row.get(x, "") for x in columns]) for filled_row in taken]
    return [row for row in grid if any(row)]


def _unresolved(rows: list[list[Cell]]) -> list[tuple[str, ...]]:
    width = max(len(row) for row in rows)
    return [tuple(cell.text for cell in row) + ("",) * (width - len(row)) for row in rows if any(c.text for c in row)]


def _span(attributes: Mapping[str, str | None], name: str) -> int:
    written = (attributes.get(name) or "").strip()
    if written in ("", "1"):
        return 1
    if not written.isascii() or not written.isdigit():
        return 1
    # rowspan="0" means "to the end of the section".
    return min(int(written[:6]), _MAX_SPAN) or (_MAX_SPAN if name == "rowspan" else 1)


def _lines(tree: Tree, place: int) -> int:
    """Block boundaries and breaks inside a cell, as a measure of how many lines it shows."""
    return sum(1 for i in range(place + 1, tree.ends[place]) if tree.tags[i] in BLOCKS or tree.tags[i] == "br")


def _caption(tree: Tree, place: int) -> str | None:
    for child in tree.children(place):
        if tree.tags[child] == "caption":
            return tree.text(child) or None
    return None
