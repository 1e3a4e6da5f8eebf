"""Tables whose rows each say where their cells begin and end, as word processors keep them: edges become columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scrapers.reading.attachments.layout import joined
from scrapers.reading.attachments.writing import Writing

_SAME = 12
"""Twips (1/20 point) within which two edges are one."""


@dataclass(frozen=True, slots=True)
class EdgedRow:
    """Texts of a row's cells. ``edges`` has one more than ``texts``, in twips; otherwise nothing is known of them."""

    texts: tuple[str, ...]
    edges: tuple[int, ...] = ()
    from_above: tuple[bool, ...] = ()
    """Of each cell: it goes on from the one above."""
    from_left: tuple[bool, ...] = ()
    """Of each cell: it goes on from the one to the left."""

    @property
    def is_placed(self) -> bool:
        return len(self.edges) == len(self.texts) + 1


def write_table(writing: Writing, rows: Sequence[EdgedRow], page: int | None = None) -> None:
    """Write ``rows`` as a table; as paragraphs where they are one column, which lays out text and is no table."""
    columns = _columns(rows)
    width = max(len(columns) - 1, max((len(row.texts) for row in rows), default=0))
    grid: list[list[str]] = []
    lines: list[str] = []
    for row in rows:
        texts = [_on_one_line(text) for text in row.texts]
        if not row.is_placed:
            grid.append([*texts, *[""] * (width - len(texts))])
            lines.append("\t".join(texts).rstrip("\t"))
            continue
        here = [""] * width
        line: list[str] = []
        for number, text in enumerate(texts):
            first, last = _column(columns, row.edges[number]), _column(columns, row.edges[number + 1])
            last = max(last, first + 1)
            if number < len(row.from_left) and row.from_left[number] and number:
                text = here[first - 1]
            elif number < len(row.from_above) and row.from_above[number] and grid:
                text = grid[-1][min(first, width - 1)]
            else:
                line.append(text)
            for column in range(first, min(last, width)):
                here[column] = text
        grid.append(here)
        lines.append("\t".join(line).rstrip("\t"))
    kept = tuple(tuple(cells) for cells in grid if any(cells))
    if width < 2 or sum(1 for cells in kept for text in cells if text) < 2:
        for whole in lines:
            writing.paragraph(whole, page)
    else:
        writing.table(kept, tuple(lines), page)


def _on_one_line(text: str) -> str:
    """A cell's lines as one: Chinese joins without a blank."""
    whole = ""
    for line in text.split("\n"):
        whole = joined(whole, " ".join(line.split()))
    return whole


def _columns(rows: Sequence[EdgedRow]) -> list[int]:
    columns: list[int] = []
    for edge in sorted(edge for row in rows if row.is_placed for edge in row.edges):
        if not columns or edge - columns[-1] > _SAME:
            columns.append(edge)
    return columns


def _column(columns: Sequence[int], edge: int) -> int:
    return min(range(len(columns)), key=lambda n: abs(columns[n] - edge))
