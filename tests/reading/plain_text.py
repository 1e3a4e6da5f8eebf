"""Blocks of a text that a test writes in bare lines."""

from __future__ import annotations

from scrapers.reading.sections import heading
from scrapers.records import Block


def blocks_of(text: str) -> tuple[Block, ...]:
    """Rows with tabs are tables, numbered lines headings; the bare name of a part, of level 4, is a paragraph."""
    blocks: list[Block] = []
    for line in text.splitlines():
        one = heading(line)
        if "\t" in line:
            blocks.append(Block("table", line))
        elif one is not None and one.level < 4 and one.text == line.strip():
            blocks.append(Block("heading", line, level=max(one.level, 1)))
        else:
            blocks.append(Block("paragraph", line))
    return tuple(blocks)
