"""A text put together block by block, with what was removed on the way: what every reader of files ends in."""

from __future__ import annotations

from dataclasses import dataclass, field

from scrapers.reading.render import heading_level
from scrapers.records import Block, Removal, Table


@dataclass(slots=True)
class _Open:
    """A block being written. ``cuts`` are pieces taken out of it: rule, text, offset in the block."""

    text: str
    page: int | None
    table: Table | None = None
    cuts: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class Writing:
    """Blocks in order. Each block is one line of the text, a table one line a row."""

    _blocks: list[_Open] = field(default_factory=list)
    _between: list[tuple[str, str, int]] = field(default_factory=list)
    """Rule, text, and how many blocks stand before it."""

    @property
    def characters(self) -> int:
        return sum(len(block.text) for block in self._blocks)

    def paragraph(self, text: str, page: int | None = None) -> None:
        """A paragraph or heading; white space inside becomes single blanks. Nothing is written for an empty one."""
        tidy = " ".join(text.split())
        if tidy:
            self._blocks.append(_Open(tidy, page))

    def lines(self, text: str, page: int | None = None) -> None:
        """A paragraph in which lines are broken by hand: each is a paragraph of its own."""
        for line in text.split("\n"):
            self.paragraph(line, page)

    def extend(self, text: str) -> None:
        """Go on with the last paragraph."""
        self._blocks[-1].text = text

    @property
    def last(self) -> str | None:
        """The last block's text where that is no table."""
        block = self._blocks[-1] if self._blocks else None
        return block.text if block is not None and block.table is None else None

    def table(self, rows: tuple[tuple[str, ...], ...], lines: tuple[str, ...], page: int | None = None) -> None:
        """A table: ``rows`` with every span filled, ``lines`` with each cell once, where it begins."""
        lines = tuple(line for line in lines if line.strip())
        if rows and lines:
            self._blocks.append(_Open("\n".join(lines), page, Table(rows)))

    def continue_table(self, rows: tuple[tuple[str, ...], ...], lines: tuple[str, ...], repeated: int) -> None:
        """Go on with the last table, whose first ``repeated`` rows stand here once more."""
        block = self._blocks[-1]
        assert block.table is not None
        for line in lines[:repeated]:
            block.cuts.append(("repeated_table_header", "\n" + line, len(block.text)))
        block.text = "\n".join((block.text, *lines[repeated:]))
        block.table = Table((*block.table.rows, *rows[repeated:]), block.table.caption)

    def caption(self, caption: str) -> None:
        """Name the last table."""
        block = self._blocks[-1]
        if block.table is not None:
            block.table = Table(block.table.rows, caption)

    def cut(self, rule: str, text: str, *, inside: bool = False) -> None:
        """Take a piece out: after the last block, or ``inside`` the paragraph that goes on behind it."""
        if inside and self._blocks:
            self._blocks[-1].cuts.append((rule, f"\n{text}\n", len(self._blocks[-1].text)))
        else:
            self._between.append((rule, text, len(self._blocks)))

    def finished(self) -> tuple[str, tuple[Block, ...], tuple[Table, ...], tuple[Removal, ...]]:
        """Text, blocks, tables and removals. Every removal put back at its offset gives the text as it was found."""
        blocks: list[Block] = []
        tables: list[Table] = []
        removed: list[Removal] = []
        at = 0
        between = iter([*self._between, ("", "", -1)])
        rule, text, before = next(between)
        for number, block in enumerate(self._blocks):
            while before == number:
                removed.append(Removal(rule, text + "\n", at))
                rule, text, before = next(between)
            removed.extend(Removal(name, piece, at + offset) for name, piece, offset in block.cuts)
            if block.table is not None:
                tables.append(block.table)
                blocks.append(Block("table", block.text, table=len(tables) - 1, page=block.page))
            else:
                level = heading_level(block.text, "p")
                kind = "paragraph" if level is None else "heading"
                blocks.append(Block(kind, block.text, level=level, page=block.page))
            at += len(block.text) + 1
        end = max(at - 1, 0)
        while before >= 0:
            removed.append(Removal(rule, ("\n" if blocks else "") + text, end))
            rule, text, before = next(between)
        return "\n".join(block.text for block in blocks), tuple(blocks), tuple(tables), tuple(removed)
