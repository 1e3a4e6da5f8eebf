"""The pieces of a container put together to a text with its removals, and the container's text put back from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scrapers.reading.metadata import InfoLine
from scrapers.reading.render import Piece, heading_level
from scrapers.records import Block, Removal, Table


@dataclass(frozen=True, slots=True)
class Assembly:
    """A body without its chrome."""

    text: str
    blocks: tuple[Block, ...]
    tables: tuple[Table, ...]
    removed: tuple[Removal, ...]
    info: tuple[InfoLine, ...] = ()
    """Info lines found inside the container."""
    table_places: tuple[int, ...] = ()
    """The elements that ``tables`` were read from, in ``Tree``."""


@dataclass(slots=True)
class Verdict:
    """What becomes of one piece: a rule takes it whole, or its end from ``keep`` characters on."""

    rule: str | None = None
    keep: int | None = None


def put_together(pieces: Sequence[Piece], verdicts: Sequence[Verdict], info: tuple[InfoLine, ...]) -> Assembly:
    """The text that the verdicts leave, and every piece they take with the place at which it stood."""
    text_parts: list[str] = []
    size = 0
    blocks: list[Block] = []
    tables: list[Table] = []
    removed: list[Removal] = []
    last_kept = max((n for n, verdict in enumerate(verdicts) if verdict.rule is None or verdict.keep), default=-1)
    for number, (piece, verdict) in enumerate(zip(pieces, verdicts, strict=True)):
        newline = "\n" if number + 1 < len(pieces) else ""
        if verdict.rule is not None and not verdict.keep:
            if number > last_kept and last_kept >= 0:
                removed.append(Removal(verdict.rule, "\n" + piece.text, size))
            else:
                removed.append(Removal(verdict.rule, piece.text + newline, size))
            continue
        kept = piece.text if verdict.keep is None else piece.text[: verdict.keep]
        text_parts.append(kept)
        size += len(kept)
        if verdict.rule is not None:
            removed.append(Removal(verdict.rule, piece.text[len(kept) :], size))
        if number < last_kept:
            text_parts.append("\n")
            size += 1
        blocks.append(_block(piece, kept, tables))
    places = tuple(
        piece.first
        for piece, verdict in zip(pieces, verdicts, strict=True)
        if piece.grid is not None and verdict.rule is None
    )
    return Assembly("".join(text_parts), tuple(blocks), tuple(tables), tuple(removed), info, places)


def _block(piece: Piece, text: str, tables: list[Table]) -> Block:
    if piece.grid is not None:
        tables.append(Table(piece.grid.rows, piece.grid.caption))
        return Block("table", text, table=len(tables) - 1)
    level = heading_level(text, piece.tag)
    return Block("heading", text, level=level) if level is not None else Block("paragraph", text)


def restore(text: str, removals: Sequence[Removal]) -> str:
    """The container's text: every removal put back at its offset. Removals at one offset keep their order."""
    parts: list[str] = []
    position = 0
    for removal in removals:
        parts.append(text[position : removal.at])
        parts.append(removal.text)
        position = removal.at
    parts.append(text[position:])
    return "".join(parts)
