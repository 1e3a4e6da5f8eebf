"""Letters with places on a page become lines and tables in the order in which a person reads them.

A format that fixes its pages (PDF, OFD) says where each letter stands and nothing of words, lines or paragraphs. Here
letters become runs (what stands side by side), runs become lines of one column or of two, and letters inside a ruled
table become its cells. Coordinates are points from the upper left corner, down.
"""

from __future__ import annotations

import itertools
import statistics
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from scrapers.reading.attachments.ruled import Rule, RuledGrid, grids

_RUN_GAP = 1.2
"""Letter sizes: letters further apart are not of one run."""
_WORD_GAP = 0.22
"""Letter sizes: Latin letters further apart are of two words, where the file has no blank between them."""
_LEAST_COLUMN = 4
"""Runs that a column needs at least, to be one."""
_FILLED = 0.55
"""Share of its column's width that the middle one of its runs fills at least."""
_KANGXI = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)}
"""Radicals that fonts of some programs name in place of the letters they look like."""


class Glyph(NamedTuple):
    """One letter where it stands."""

    char: str
    x0: float
    top: float
    x1: float
    bottom: float
    spaced: bool = False
    """White space stands before it in the file."""


@dataclass(slots=True)
class PageContent:
    """What a format's reader found on one page."""

    number: int
    """From 1."""
    width: float
    height: float
    glyphs: list[Glyph] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    slanted: str = ""
    """Letters that stand aslant: a watermark."""
    pictured: float = 0.0
    """Share of the page that pictures cover."""
    unmapped: int = 0
    """Glyphs of which the file does not say which letter they are."""


class Line(NamedTuple):
    """A line of text. ``left`` and ``right`` are the edges of its column."""

    page: int
    text: str
    x0: float
    x1: float
    top: float
    bottom: float
    left: float
    right: float
    column: int
    """0: across the page; 1, 2: the left, the right of two."""
    page_height: float


class GridBlock(NamedTuple):
    """A table on one page."""

    page: int
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]
    """Each cell once, where it begins."""
    xs: tuple[float, ...]
    top: float
    bottom: float
    cells: tuple[tuple[int, ...], ...] = ()
    """Beside ``rows``: the number of the cell that each text is of."""


Element = Line | GridBlock


@dataclass(slots=True)
class _Run:
    chars: list[Glyph]
    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def size(self) -> float:
        return self.bottom - self.top

    @property
    def text(self) -> str:
        return "".join(glyph.char for glyph in self.chars)


def elements(page: PageContent) -> list[Element]:
    """Lines and tables of a page in reading order."""
    tables, glyphs = _tables(page)
    runs = _without_doubles(_runs(glyphs))
    gutter = _gutter(runs)
    if gutter is None:
        ordered: list[Element] = [*_lines(page, runs, 0), *tables]
        ordered.sort(key=lambda one: one.top)
        return _with_edges(ordered)
    placed: list[tuple[float, int, _Run | GridBlock]] = [
        (run.top, 1 if run.x1 <= gutter else 2 if run.x0 >= gutter else 0, run) for run in runs
    ]
    placed += [
        (table.top, 1 if table.xs[-1] <= gutter else 2 if table.xs[0] >= gutter else 0, table) for table in tables
    ]
    placed.sort(key=lambda one: one[0])
    ordered = []
    band: dict[int, list[_Run | GridBlock]] = {1: [], 2: []}

    def close_band() -> None:
        for column in (1, 2):
            lines = _lines(page, [one for one in band[column] if isinstance(one, _Run)], column)
            both: list[Element] = [*lines, *(one for one in band[column] if isinstance(one, GridBlock))]
            ordered.extend(sorted(both, key=lambda one: one.top))
            band[column] = []

    across: list[_Run] = []
    for _, column, one in placed:
        if column:
            if across:
                ordered.extend(_lines(page, across, 0))
                across = []
            band[column].append(one)
            continue
        close_band()
        if isinstance(one, _Run):
            across.append(one)
        else:
            ordered.extend(_lines(page, across, 0))
            across = []
            ordered.append(one)
    ordered.extend(_lines(page, across, 0))
    close_band()
    return _with_edges(ordered)


def joined(before: str, after: str) -> str:
    """Two pieces of one paragraph, the second from the next line: Latin words join with a blank, all else without."""
    if not before or not after:
        return before + after
    blank = _is_latin(before[-1]) and _is_latin(after[0])
    return f"{before} {after}" if blank else before + after


def plain_char(code: int) -> str:
    """The letter of a code point as a file states it; ``""`` for what is none."""
    if code in _KANGXI:
        return _KANGXI[code]
    if code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in (0xAD, 0xFEFF, 0xFFFE, 0xFFFF):
        return ""
    return chr(code) if code < 0x110000 else ""


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()


# ------------------------------------------------------------------------------------------------ letters to runs


def _runs(glyphs: Sequence[Glyph]) -> list[_Run]:
    """Letters that follow each other in the file and side by side on the page."""
    runs: list[_Run] = []
    run: _Run | None = None
    for glyph in glyphs:
        if run is not None and _follows(run, glyph):
            last = run.chars[-1]
            if glyph.char == last.char and abs(glyph.x0 - last.x0) < 0.3 * (last.x1 - last.x0):
                continue  # printed twice, to look bold
            run.chars.append(glyph)
            run.x1 = max(run.x1, glyph.x1)
            run.top, run.bottom = min(run.top, glyph.top), max(run.bottom, glyph.bottom)
        else:
            run = _Run([glyph], glyph.x0, glyph.top, glyph.x1, glyph.bottom)
            runs.append(run)
    return runs


def _follows(run: _Run, glyph: Glyph) -> bool:
    last = run.chars[-1]
    size = max(last.bottom - last.top, 1.0)
    overlap = min(last.bottom, glyph.bottom) - max(last.top, glyph.top)
    gap = glyph.x0 - last.x1
    return overlap > 0.5 * min(size, glyph.bottom - glyph.top) and -0.6 * size < gap < _RUN_GAP * size


def _without_doubles(runs: list[_Run]) -> list[_Run]:
    """Without runs printed a second time over the first, to look bold or cast a shadow."""
    seen: defaultdict[str, list[_Run]] = defaultdict(list)
    kept = []
    for run in runs:
        text = run.text
        near = 0.15 * run.size
        if any(abs(other.x0 - run.x0) < near and abs(other.top - run.top) < near for other in seen[text]):
            continue
        seen[text].append(run)
        kept.append(run)
    return kept


# ------------------------------------------------------------------------------------------------ runs to lines


def _lines(page: PageContent, runs: Iterable[_Run], column: int) -> list[Line]:
    rows: list[list[_Run]] = []
    for run in sorted(runs, key=lambda one: one.top + one.bottom):
        first = rows[-1][0] if rows else None
        if first is not None and _overlap(first, run) > 0.5 * min(first.size, run.size):
            rows[-1].append(run)
            if run.size > 1.3 * first.size:  # the larger letters say where the line is
                rows[-1].insert(0, rows[-1].pop())
        else:
            rows.append([run])
    lines = []
    for row in rows:
        row.sort(key=lambda one: one.x0)
        text = _row_text(row)
        if not text:
            continue
        x0, x1 = min(run.x0 for run in row), max(run.x1 for run in row)
        top, bottom = min(run.top for run in row), max(run.bottom for run in row)
        lines.append(Line(page.number, text, x0, x1, top, bottom, x0, x1, column, page.height))
    return lines


def _overlap(one: _Run, other: _Run) -> float:
    return min(one.bottom, other.bottom) - max(one.top, other.top)


def _row_text(row: Sequence[_Run]) -> str:
    parts: list[str] = []
    last: Glyph | None = None
    for run in row:
        for glyph in run.chars:
            if last is not None:
                gap = glyph.x0 - last.x1
                size = max(min(last.bottom - last.top, glyph.bottom - glyph.top), 1.0)
                words = _is_word(last.char) and _is_word(glyph.char)
                if glyph.spaced or gap > _RUN_GAP * size or (words and gap > _WORD_GAP * size):
                    parts.append(" ")
            parts.append(glyph.char)
            last = glyph
    return "".join(parts).strip()


def _is_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _gutter(runs: Sequence[_Run]) -> float | None:
    """The middle of the strip between two columns; ``None`` where the page has one column."""
    if len(runs) < 2 * _LEAST_COLUMN:
        return None
    left, right = min(run.x0 for run in runs), max(run.x1 for run in runs)
    width = right - left
    size = statistics.median(run.size for run in runs)
    if width < 12 * size:
        return None
    steps = 120
    covered = [0] * (steps + 1)
    for run in runs:
        for step in range(max(0, int((run.x0 - left) / width * steps)), int((run.x1 - left) / width * steps) + 1):
            covered[min(step, steps)] += 1
    middle = range(int(0.3 * steps), int(0.7 * steps) + 1)
    least = min(covered[step] for step in middle)
    if least > 0.3 * len(runs):
        return None
    best: tuple[int, int] = (0, 0)
    start: int | None = None
    for step in (*middle, middle.stop):
        if step in middle and covered[step] == least:
            start = step if start is None else start
        elif start is not None:
            if step - start > best[1] - best[0]:
                best = (start, step)
            start = None
    gutter = left + (best[0] + best[1]) / 2 / steps * width
    sides = [run for run in runs if run.x1 <= gutter], [run for run in runs if run.x0 >= gutter]
    if min(map(len, sides)) < _LEAST_COLUMN or len(sides[0]) + len(sides[1]) < 2 * (
        len(runs) - len(sides[0]) - len(sides[1])
    ):
        return None
    inner = max(run.x1 for run in sides[0]), min(run.x0 for run in sides[1])
    if inner[1] - inner[0] < 0.7 * size:
        return None
    widths = gutter - left, right - gutter
    if any(
        statistics.median(run.x1 - run.x0 for run in side) < _FILLED * wide
        for side, wide in zip(sides, widths, strict=True)
    ):
        return None  # labels and their values, not text in columns
    return gutter


def _with_edges(ordered: list[Element]) -> list[Element]:
    """Each line with the edges of its column: the outermost that more than one line keeps to."""
    by_column: defaultdict[int, list[Line]] = defaultdict(list)
    for one in ordered:
        if isinstance(one, Line):
            by_column[one.column].append(one)
    edges = {
        column: (_edge([line.x0 for line in lines], low=True), _edge([line.x1 for line in lines], low=False))
        for column, lines in by_column.items()
    }
    return [
        one._replace(left=edges[one.column][0], right=edges[one.column][1]) if isinstance(one, Line) else one
        for one in ordered
    ]


def _edge(values: list[float], *, low: bool) -> float:
    ranked = sorted(values, reverse=not low)
    for first, second in itertools.pairwise(ranked):
        if abs(first - second) <= 3:
            return first
    return ranked[0]


# ------------------------------------------------------------------------------------------------ tables


_LAYOUT_CELL = 200
"""Characters from which a cell that holds most of a table's text is the page's frame, not a cell."""


def _tables(page: PageContent) -> tuple[list[GridBlock], list[Glyph]]:
    """The ruled tables, and the letters outside of them."""
    found: list[GridBlock] = []
    left = page.glyphs
    for grid in grids(page.rules):
        inside: defaultdict[int, list[Glyph]] = defaultdict(list)
        outside: list[Glyph] = []
        for glyph in left:
            cell = grid.cell_at((glyph.x0 + glyph.x1) / 2, (glyph.top + glyph.bottom) / 2)
            if cell is None:
                outside.append(glyph)
            else:
                inside[cell].append(glyph)
        texts = {number: _cell_text(page, glyphs) for number, glyphs in inside.items()}
        if not _is_table(grid, texts):
            continue
        found.append(_block(page, grid, texts))
        left = outside
    return found, left


def _is_table(grid: RuledGrid, texts: dict[int, str]) -> bool:
    filled = [text for text in texts.values() if text]
    if len(filled) < 2:
        return False
    longest = max(map(len, filled))
    return not (longest > _LAYOUT_CELL and longest >= 0.6 * sum(map(len, filled)) and len(grid.cells) < 6)


def _cell_text(page: PageContent, glyphs: list[Glyph]) -> str:
    text = ""
    for line in _lines(page, _without_doubles(_runs(glyphs)), 0):
        text = joined(text, line.text)
    return text


def _block(page: PageContent, grid: RuledGrid, texts: dict[int, str]) -> GridBlock:
    rows = [[""] * (len(grid.xs) - 1) for _ in range(len(grid.ys) - 1)]
    begins: defaultdict[int, list[str]] = defaultdict(list)
    for number, cell in enumerate(grid.cells):
        text = texts.get(number, "")
        for row, column in cell.covers:
            rows[row][column] = text
        begins[cell.covers[0][0]].append(text)
    lines = tuple(line for row in range(len(rows)) if (line := "\t".join(begins[row]).rstrip("\t")).strip("\t"))
    kept = [(tuple(row), tuple(grid.of[y, x] for x in range(len(row)))) for y, row in enumerate(rows) if any(row)]
    return GridBlock(
        page.number,
        tuple(row for row, _ in kept),
        lines,
        grid.xs,
        grid.ys[0],
        grid.ys[-1],
        tuple(numbers for _, numbers in kept),
    )
