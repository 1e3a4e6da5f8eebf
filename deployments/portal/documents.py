"""A document as an editor of a disclosure site has it before a template puts chrome around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from scrapers.records import ReportType


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as written in HTML; ``text`` may hold ``\\n`` for the paragraphs of a cell."""

    text: str
    colspan: int = 1
    rowspan: int = 1


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: int
    """1 for 一、, 2 for （一）."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    right: bool = False
    """Signature and date lines stand at the right."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; spans as in HTML, so rows differ in their number of cells."""

    rows: tuple[tuple[Cell, ...], ...]


Block = Heading | Paragraph | Grid


@dataclass(frozen=True, slots=True)
class Document:
    """``report_type`` and ``report_year`` are ``None`` for what is no report. Dates are China's."""

    serial: int
    """Number of the article in its site's database: ends up in addresses and index numbers."""
    title: str
    written: date
    """成文日期."""
    created: date
    """Day on which the page was made: what a TRS address carries, before or after the publication."""
    published: datetime
    source: str
    """信息来源, as an editor abbreviates it."""
    index_number: str
    doc_number: str
    compose: Callable[[], tuple[Block, ...]]
    """Writes the body; always the same. A list needs no bodies, so they are written when a page is rendered."""
    report_type: ReportType | None = None
    report_year: int | None = None

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.compose()

    @property
    def text(self) -> str:
        """Headings and paragraphs, one a line; tables left out."""
        return "\n".join(block.text for block in self.blocks if not isinstance(block, Grid))


def characters(document: Document) -> int:
    """Length of a document as a reader counts it: no white space, table cells included."""
    count = 0
    for block in document.blocks:
        pieces = [cell.text for row in block.rows for cell in row] if isinstance(block, Grid) else [block.text]
        count += sum(len("".join(piece.split())) for piece in pieces)
    return count
