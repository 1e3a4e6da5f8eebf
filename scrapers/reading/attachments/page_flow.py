"""Pages of lines and tables become one text: running heads and page numbers out, lines joined to paragraphs.

No letter is lost or made up: what goes is a removal with its rule, and what is joined is joined without a blank where
Chinese meets Chinese.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypeVar

from scrapers.reading.attachments.layout import Element, GridBlock, Line, joined
from scrapers.reading.attachments.writing import Writing

_PAGE_NUMBER = re.compile(
    r"[-—–－―~～·•.\s]*(?:\d{1,4}|第\s*\d{1,4}\s*页(?:\s*[,，/]?\s*共\s*\d{1,4}\s*页)?|共\s*\d{1,4}\s*页\s*[,，/]?\s*第\s*\d{1,4}\s*页|"
    r"\d{1,4}\s*/\s*\d{1,4}|(?i:page)\s*\d{1,4}(?:\s*of\s*\d{1,4})?|[ivxIVX]{1,5})[-—–－―~～·•.\s]*"
)
_DIGITS = re.compile(r"\d+")
_ZONE = 3
"""Lines at the head and foot of a page that may run through the document."""
_OFTEN = 0.3
"""Share of the pages on which a running line stands at least (left and right pages may differ)."""
_SAME_HEIGHT = 4.0
"""Points within which lines of different pages are at one height, about."""
_MARGIN = 0.2
"""Share of the page's height, at its head and foot, in which running lines stand."""
_ENDS = re.compile(r"[。！？!?；;：:」”》）)]$")
_NUMBERED = re.compile(
    r"(?:第[一二三四五六七八九十百\d]{1,4}(?:部分|章|节|条)|[一二三四五六七八九十]{1,3}\s*[、．.]|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}\s*[、．.](?!\d))"
)
_SAME_EDGE = 4.0
"""Points within which two edges of a table are one."""
_INDENT = 1.2
"""Letter sizes by which the first line of a paragraph is set in at least."""


def write_pages(
    pages: Sequence[Sequence[Element]], watermarks: dict[str, int] | None = None, *, same_head: float = 1.0
) -> Writing:
    """The text of pages whose elements stand in reading order. ``watermarks``: text -> the first page it lies under.

    ``same_head``: share of the cells of a row of a table's head that are the same where it comes again on the next
    page; less than all where letters are recognised, and sometimes missed.
    """
    writing = Writing()
    for text in watermarks or ():
        writing.cut("watermark", text)
    running = _running_lines(pages)
    margins = _margins(pages, running)
    last_line: Line | None = None
    table: list[GridBlock] = []
    """The table at hand, a piece a page."""
    held: list[tuple[str, str]] = []

    def release(*, inside: bool = False) -> None:
        for rule, text in held:
            writing.cut(rule, text, inside=inside)
        held.clear()

    def close_table() -> None:
        if table:
            _write_table(writing, table, same_head)
            table.clear()

    for page in pages:
        for one in page:
            rule = running.get(id(one))
            if rule is not None:
                assert isinstance(one, Line)
                # whether it stands inside a paragraph is known when the next line is
                held.append((rule, one.text))
                continue
            if isinstance(one, GridBlock):
                if not (table and _continues(table[-1], one)):
                    close_table()
                    release()
                table.append(one)
                last_line = None
                continue
            close_table()
            line = one
            if line.column == 0 and line.page in margins:
                line = line._replace(left=margins[line.page][0], right=max(margins[line.page][1], line.x1))
            before = writing.last
            if last_line is not None and before is not None and _goes_on(last_line, line, before):
                release(inside=True)
                writing.extend(joined(before, line.text))
            else:
                release()
                writing.paragraph(line.text, line.page)
            last_line = line
    close_table()
    release()
    return writing


def _write_table(writing: Writing, pieces: Sequence[GridBlock], same_head: float) -> None:
    """A table that goes over pages, in the columns that all its pieces together show."""
    edges: list[float] = []
    for x in sorted(x - piece.xs[0] for piece in pieces for x in piece.xs):
        if not edges or x - edges[-1] > _SAME_EDGE:
            edges.append(x)
    written: list[tuple[list[list[str]], list[str], int]] = []
    """Of each piece: its rows, its lines, and how many of them are the table's head once more."""
    cells_above: list[list[int]] = []
    for piece in pieces:
        rows, cells = _spread(piece, piece.rows, edges), _spread(piece, piece.cells, edges)
        lines = list(piece.lines)
        repeated = _repeated(written[0][0], rows, same_head) if written else 0
        if written:
            above, lines_above, _ = written[-1]
            if len(rows) == len(lines) and _is_rest(rows[repeated:], above):
                _add_rest(rows.pop(repeated), above[-1], lines_above)
                del lines[repeated], cells[repeated]
            _go_on(rows[repeated:], cells[repeated:], above, cells_above)
        written.append((rows, lines, repeated))
        cells_above = cells or cells_above
    for number, (rows, lines, repeated) in enumerate(written):
        filled = tuple(map(tuple, rows))
        if number == 0:
            writing.table(filled, tuple(lines), pieces[0].page)
        else:
            writing.continue_table(filled, tuple(lines), repeated)


def _is_rest(rows: list[list[str]], above: list[list[str]]) -> bool:
    """Whether the first row of a page is the rest of the row that the page before it broke off: it has next to nothing,
    and what it has goes on from a cell that has text."""
    if not rows or not above:
        return False
    here = [column for column, text in enumerate(rows[0]) if text]
    full = sum(map(bool, above[-1]))
    return 0 < len(here) <= 0.4 * full and all(above[-1][column] for column in here)


def _add_rest(rest: list[str], row: list[str], lines: list[str]) -> None:
    """Put the rest of a row to the row it was broken off from, and to its line, which is the last one."""
    line = lines[-1].split("\t")
    for column, text in enumerate(rest):
        if not text or (column and rest[column - 1] == text and row[column - 1] == row[column]):
            continue
        whole = joined(row[column], text)
        if row[column] in line:
            line[line.index(row[column])] = whole
        before = row[column]
        for place in range(column, len(row)):
            if row[place] == before and rest[place] == text:
                row[place] = whole
    lines[-1] = "\t".join(line)


_T = TypeVar("_T")


def _spread(piece: GridBlock, rows: Sequence[Sequence[_T]], edges: Sequence[float]) -> list[list[_T]]:
    """The rows of a piece in other columns: a cell stands in every one that it reaches over."""
    places = [min(range(len(edges)), key=lambda n: abs(edges[n] - (x - piece.xs[0]))) for x in piece.xs]
    spans = list(itertools.pairwise(places))
    return [[what for what, (begin, end) in zip(row, spans, strict=True) for _ in range(begin, end)] for row in rows]


def _go_on(rows: list[list[str]], cells: list[list[int]], above: list[list[str]], cells_above: list[list[int]]) -> None:
    """Fill the empty cell at the head of a page that goes on from a cell over several rows at the foot of the last."""
    for column in range(len(rows[0]) if rows and len(above) > 1 and len(cells_above) > 1 else 0):
        is_tall = cells_above[-1][column] == cells_above[-2][column] or (
            len(cells) > 1 and cells[0][column] == cells[1][column]
        )
        if not is_tall or rows[0][column]:
            continue
        for row, numbers in zip(rows, cells, strict=True):
            if numbers[column] != cells[0][column]:
                break
            row[column] = above[-1][column]


def _goes_on(before: Line, line: Line, so_far: str) -> bool:
    """Whether ``line`` is of the same paragraph as the line before it."""
    size = min(before.bottom - before.top, line.bottom - line.top)
    if max(before.bottom - before.top, line.bottom - line.top) > 1.25 * size:
        return False
    if (
        _is_centred(before, size)
        and _is_centred(line, size)
        and before.right - before.left - (before.x1 - before.x0) < 2.2 * size
    ):
        return True  # a title that takes more than one line
    if line.x0 - line.left > _INDENT * size:
        # set in: a new paragraph, unless both lines are (a quotation, a list)
        return False
    short = before.right - before.x1
    if before.page == line.page and before.column == line.column:
        if line.top - before.bottom > 1.8 * size and short > size:
            return False
        if line.top - before.bottom > 3 * size:
            return False
    if short > 3.2 * size:
        return False
    ended = _ENDS.search(so_far) is not None
    if short > 1.1 * size and ended:
        return False
    return not (_NUMBERED.match(line.text) and ended)


def _is_centred(line: Line, size: float) -> bool:
    return abs((line.x0 - line.left) - (line.right - line.x1)) <= size and not _ENDS.search(line.text)


def _margins(pages: Sequence[Sequence[Element]], running: dict[int, str]) -> dict[int, tuple[float, float]]:
    """Edges of the text column of each page. A page of few lines shows them badly: it takes those of the document."""
    by_page: dict[int, list[Line]] = {}
    everywhere: list[Line] = []
    for page in pages:
        lines = [one for one in page if isinstance(one, Line) and one.column == 0 and id(one) not in running]
        if lines:
            by_page[lines[0].page] = lines
            everywhere += lines
    if not everywhere:
        return {}
    whole = _edges(everywhere)
    edges = {}
    for number, lines in by_page.items():
        own = _edges(lines) if len(lines) >= 8 else whole
        # a page whose lines all lie within the document's column has no column of its own
        within = own[0] >= whole[0] - 2 and own[1] <= whole[1] + 2
        edges[number] = whole if within else own
    return edges


def _edges(lines: Sequence[Line]) -> tuple[float, float]:
    """The leftmost and rightmost position that several lines keep to."""
    least = max(2, len(lines) // 40)
    lefts = Counter(round(line.x0) for line in lines)
    rights = Counter(round(line.x1) for line in lines)
    left = min(
        (x for x in lefts if sum(lefts[x + d] for d in (-1, 0, 1)) >= least), default=min(line.x0 for line in lines)
    )
    right = max(
        (x for x in rights if sum(rights[x + d] for d in (-1, 0, 1)) >= least), default=max(line.x1 for line in lines)
    )
    return float(left), float(right)


def _continues(before: GridBlock, grid: GridBlock) -> bool:
    """Whether a table goes on at the head of the next page or column: as wide as before, with edges that fit."""
    next_column = grid.page == before.page and grid.xs[0] > before.xs[-1] and grid.top < before.bottom
    if grid.page != before.page + 1 and not next_column:
        return False
    mine, theirs = ([x - one.xs[0] for x in one.xs] for one in (grid, before))
    if abs(mine[-1] - theirs[-1]) > _SAME_EDGE:
        return False
    fewer, more = sorted((mine, theirs), key=len)
    return all(any(abs(x - other) <= _SAME_EDGE for other in more) for x in fewer)


def _repeated(head: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], same_head: float) -> int:
    """How many rows of the table's head stand on the next page once more."""
    same = 0
    for mine, theirs in zip(rows, head, strict=False):
        alike = sum(map(str.__eq__, mine, theirs))
        if len(mine) != len(theirs) or alike < same_head * len(mine) or same >= 4:
            break
        same += 1
    return same if same < len(head) else 0


def _running_lines(pages: Sequence[Sequence[Element]]) -> dict[int, str]:
    """``id`` of every line that runs through the document -> the rule that takes it out.

    A running line is outermost on its page, or all that is further out runs too.
    """
    zones = [_zones([one for one in page if isinstance(one, Line)], page) for page in pages]
    found: dict[int, str] = {}
    for foot in (False, True):
        heights: defaultdict[str, Counter[int]] = defaultdict(Counter)
        """Of each text: on how many pages it stands at each height."""
        offsets: Counter[int] = Counter()
        for number, zone in enumerate(zones):
            for line in zone[foot]:
                heights[_key(line)][round(line.top / _SAME_HEIGHT)] += 1
                bare = line.text.strip(" -—–－―~～·•.")
                if bare.isdecimal():
                    offsets[int(bare) - number] += 1
        shift, times = offsets.most_common(1)[0] if offsets else (0, 0)
        for number, zone in enumerate(zones):
            for line in zone[foot]:
                if _PAGE_NUMBER.fullmatch(line.text) and _numbers_its_page(line, number, shift, times, len(pages)):
                    found[id(line)] = "page_number"
                elif _recurs(heights[_key(line)], line, len(pages)):
                    found[id(line)] = "running_footer" if foot else "running_header"
                else:
                    break
    return found


def _recurs(heights: Counter[int], line: Line, pages: int) -> bool:
    """Whether a text stands at this height on several pages: a heading that comes again does not."""
    here = round(line.top / _SAME_HEIGHT)
    times = heights[here - 1] + heights[here] + heights[here + 1]
    return times >= max(2, _OFTEN * pages)


def _numbers_its_page(line: Line, number: int, shift: int, times: int, pages: int) -> bool:
    bare = line.text.strip(" -—–－―~～·•.")
    if not bare.isdecimal():
        return True
    if bare != line.text.strip():
        return True  # - 3 -
    return int(bare) - number == shift and (times > 1 or (pages == 1 and bare == "1"))


def _zones(lines: list[Line], page: Sequence[Element]) -> tuple[list[Line], list[Line]]:
    """The outermost lines at the head and at the foot of a page, from outside in, as far as nothing else is further
    out."""
    tops = [one.top for one in page if isinstance(one, GridBlock)]
    bottoms = [one.bottom for one in page if isinstance(one, GridBlock)]
    by_height = sorted(lines, key=lambda line: line.top)
    ceiling, floor = min(tops, default=float("inf")), max(bottoms, default=0.0)
    head = [line for line in by_height[:_ZONE] if line.top < ceiling and line.bottom < _MARGIN * line.page_height]
    foot = [
        line
        for line in reversed(by_height[-_ZONE:])
        if line.bottom > floor and line.top > (1 - _MARGIN) * line.page_height
    ]
    return head, foot


def _key(line: Line) -> str:
    return _DIGITS.sub("#", "".join(line.text.split()))
