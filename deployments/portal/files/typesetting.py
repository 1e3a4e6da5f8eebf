"""A document set on pages: where every line of text and every rule stands, for formats that fix their pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from deployments.portal.documents import Block, Cell, Grid, Heading, Paragraph

PAGE_WIDTH, PAGE_HEIGHT = 595.0, 842.0
_TOP, _FOOT, _SIDE = 80.0, 80.0, 72.0
_GUTTER = 28.0
_PAD = 4.0
_TALLEST = 300.0
"""Points: rows that one cell ties together are parted by a page from this height on."""


class Text(NamedTuple):
    """A line of text; ``y`` is its baseline from the top of the page, in points."""

    x: float
    y: float
    size: float
    text: str


class Stroke(NamedTuple):
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(slots=True)
class Page:
    texts: list[Text] = field(default_factory=list)
    strokes: list[Stroke] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Style:
    """How a document is set."""

    columns: int = 1
    header: str | None = None
    page_numbers: str | None = "- {} -"
    size: float = 12.0
    leading: float = 20.0
    repeat_table_head: bool = True


def width_of(text: str, size: float) -> float:
    """Width as the writers' fonts have it: ASCII half of a Chinese letter."""
    return sum(0.5 if char.isascii() else 1.0 for char in text) * size


def typeset(title: str, blocks: Sequence[Block], style: Style = Style()) -> list[Page]:
    """The pages of a document; the title stands across the first."""
    return _Setter(style).set(title, blocks)


class Placed(NamedTuple):
    """A cell with the columns and rows it covers."""

    cell: Cell
    row: int
    column: int


def placed_cells(grid: Grid) -> tuple[list[Placed], int]:
    """Every cell of a grid with the place its spans leave it, and the number of columns."""
    taken: set[tuple[int, int]] = set()
    found: list[Placed] = []
    for y, row in enumerate(grid.rows):
        x = 0
        for cell in row:
            while (y, x) in taken:
                x += 1
            found.append(Placed(cell, y, x))
            taken.update((y + down, x + right) for down in range(cell.rowspan) for right in range(cell.colspan))
            x += cell.colspan
    return found, max((x for _, x in taken), default=-1) + 1


def full_rows(grid: Grid) -> list[list[str]]:
    """The grid with every span filled: what a reader of the table must find."""
    cells, columns = placed_cells(grid)
    rows = [[""] * columns for _ in grid.rows]
    for cell, y, x in cells:
        for down in range(min(cell.rowspan, len(rows) - y)):
            for right in range(cell.colspan):
                rows[y + down][x + right] = "".join(cell.text.split("\n"))
    return rows


class _Setter:
    def __init__(self, style: Style) -> None:
        self._style = style
        self._pages: list[Page] = []
        self._column = 0
        self._y = 0.0
        self._first_top = _TOP
        self._new_page()

    def set(self, title: str, blocks: Sequence[Block]) -> list[Page]:
        size = 1.5 * self._style.size
        for line in _wrapped(title, PAGE_WIDTH - 2 * _SIDE, size, 0):
            self._pages[-1].texts.append(Text((PAGE_WIDTH - width_of(line, size)) / 2, self._y + size, size, line))
            self._y += 1.6 * size
        self._y += self._style.leading
        self._first_top = self._y
        for block in blocks:
            if isinstance(block, Grid):
                self._table(block)
            else:
                self._paragraph(block)
        self._dress()
        return self._pages

    @property
    def _width(self) -> float:
        return (PAGE_WIDTH - 2 * _SIDE - _GUTTER * (self._style.columns - 1)) / self._style.columns

    @property
    def _left(self) -> float:
        return _SIDE + self._column * (self._width + _GUTTER)

    def _new_page(self) -> None:
        self._pages.append(Page())
        self._column, self._y = 0, _TOP

    def _need(self, height: float) -> bool:
        """Go on in the next column or page where ``height`` has no place; whether it did."""
        if self._y + height <= PAGE_HEIGHT - _FOOT:
            return False
        if self._column + 1 < self._style.columns:
            self._column += 1
            self._y = self._first_top if len(self._pages) == 1 else _TOP
        else:
            self._new_page()
        return True

    def _paragraph(self, block: Heading | Paragraph) -> None:
        size = self._style.size
        right = isinstance(block, Paragraph) and block.right
        indent = 0.0 if right else 2 * size
        for number, line in enumerate(_wrapped(block.text, self._width, size, indent)):
            self._need(self._style.leading)
            x = self._left + (indent if number == 0 else 0.0)
            if right:
                x = self._left + self._width - width_of(line, size)
            self._pages[-1].texts.append(Text(x, self._y + size, size, line))
            self._y += self._style.leading

    def _table(self, grid: Grid) -> None:
        cells, columns = placed_cells(grid)
        size, leading = 0.8 * self._style.size, 1.3 * self._style.size
        wide = self._width / columns
        texts: dict[tuple[int, int], list[str]] = {}
        heights = [leading + _PAD] * len(grid.rows)
        for cell, y, x in cells:
            lines = [
                line
                for part in cell.text.split("\n")
                for line in _wrapped(part, cell.colspan * wide - 2 * _PAD, size, 0)
            ]
            texts[y, x] = lines
            last = min(y + cell.rowspan, len(heights)) - 1
            lacking = len(lines) * leading + _PAD - sum(heights[y : last + 1])
            heights[last] += max(lacking, 0.0)
        groups = []
        for rows in _unbroken(cells, len(grid.rows)):
            tall = sum(heights[row] for row in rows) > _TALLEST
            groups += [[row] for row in rows] if tall else [rows]
        for cell, y, x in cells:
            if cell.rowspan > 1 and [y] in groups:  # a page may part it: its text must stand above that
                heights[y] = max(heights[y], len(texts[y, x]) * leading + _PAD)
        head, here = groups[0], list[int]()
        for rows in groups:
            height = sum(heights[row] for row in rows)
            if self._y + sum(heights[row] for row in here) + height > PAGE_HEIGHT - _FOOT:
                self._rows(here, cells, heights, texts, wide)
                repeat = bool(here) and self._style.repeat_table_head
                here = []
                if self._need(height) and repeat:
                    here = list(head)
            here += rows
        self._rows(here, cells, heights, texts, wide)
        self._y += self._style.leading / 2

    def _rows(
        self,
        rows: Sequence[int],
        cells: Sequence[Placed],
        heights: Sequence[float],
        texts: dict[tuple[int, int], list[str]],
        wide: float,
    ) -> None:
        """The rows of one page. A cell that began on the page before goes on as an empty one."""
        size, leading = 0.8 * self._style.size, 1.3 * self._style.size
        page = self._pages[-1]
        tops = {}
        for row in rows:
            tops[row] = self._y
            self._y += heights[row]
        for cell, y, x in cells:
            covered = [row for row in range(y, y + cell.rowspan) if row in tops]
            if not covered:
                continue
            x0, x1 = self._left + x * wide, self._left + (x + cell.colspan) * wide
            top, bottom = tops[covered[0]], tops[covered[-1]] + heights[covered[-1]]
            page.strokes += [
                Stroke(x0, top, x1, top),
                Stroke(x0, bottom, x1, bottom),
                Stroke(x0, top, x0, bottom),
                Stroke(x1, top, x1, bottom),
            ]
            for number, line in enumerate(texts[y, x] if y in tops else ()):
                page.texts.append(Text(x0 + _PAD, top + number * leading + size + _PAD / 2, size, line))

    def _dress(self) -> None:
        for number, page in enumerate(self._pages, 1):
            if self._style.header is not None:
                page.texts.insert(0, Text(_SIDE, 50.0, 9.0, self._style.header))
            if self._style.page_numbers is not None:
                text = self._style.page_numbers.format(number)
                page.texts.append(Text((PAGE_WIDTH - width_of(text, 9.0)) / 2, PAGE_HEIGHT - 40.0, 9.0, text))


def _unbroken(cells: Sequence[Placed], rows: int) -> list[list[int]]:
    """Rows that no page may part, because a cell reaches over them."""
    tied = [False] * rows
    for cell, y, _ in cells:
        for row in range(y + 1, min(y + cell.rowspan, rows)):
            tied[row] = True
    groups: list[list[int]] = []
    for row in range(rows):
        if tied[row]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


_NOT_FIRST = "，。；：、！？）》”’%"


def _wrapped(text: str, width: float, size: float, indent: float) -> Iterator[str]:
    """Lines of at most ``width`` points; numbers stay whole, and no line begins with a mark that closes."""
    line, left = "", width - indent
    for word in _words(text):
        wide = width_of(word, size)
        if line and wide > left and word not in _NOT_FIRST:
            yield line
            line, left = "", width
        line += word
        left -= wide
    if line:
        yield line


def _words(text: str) -> Iterator[str]:
    word = ""
    for char in text:
        if char.isascii() and char.isalnum():
            word += char
            continue
        if word:
            yield word
            word = ""
        yield char
    if word:
        yield word
