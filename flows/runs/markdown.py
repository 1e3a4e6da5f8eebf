"""Markdown from words that sites wrote: nothing in a title or an address can become markup of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from urllib.parse import quote

_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*[]<>|"} | {"\n": " ", "\r": " "})
LONGEST_CELL = 200
"""Characters of a value in a table."""


class Marked(str):
    """Text that is Markdown already."""

    __slots__ = ()


def cell(value: object) -> str:
    """A value as text of one line, with what would be markup escaped; nothing for ``None``."""
    if isinstance(value, Marked):
        return str(value)
    if value is None:
        return ""
    text = str(value)
    return (text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…").translate(_SPECIAL)


def link(text: object, address: str | None) -> Marked:
    """A link, where ``address`` is one of the web; else the text alone."""
    if address is None or not address.startswith(("http://", "https://")):
        return Marked(cell(text))
    return Marked(f"[{cell(text)}]({quote(address, safe=':/?&=%#@+,;~-._')})")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, most: int, rest: str) -> str:
    """A table of at most ``most`` rows; of more it says how many there are, and ``rest``, where to see them."""
    rows = iter(rows)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in islice(rows, most)]
    left = sum(1 for _ in rows)
    if left:
        lines += ["", f"... and {left} more" + (f": {rest}" if rest else "") + "."]
    return "\n".join(lines)
