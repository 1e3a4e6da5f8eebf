"""Markdown from words that sites wrote: nothing in a title or an address can become markup of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from urllib.parse import quote

_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\`*[]<>|&~#"})
_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""One that may begin or end emphasis; within a word, as in ids of sources, it is a letter like others."""
_WHITE = re.compile(r"\s+")
_BEGINS_A_BLOCK = re.compile(r"(\d*)([-+=.)])")
"""What at the start of a line would be a list, a rule or a heading in it."""
MOST_ROWS = 500
"""Rows of a table in an artifact; Prefect's UI draws them all at once."""
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
    text = _WHITE.sub(" ", str(value)).strip()
    short = text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
    return _UNDERSCORE.sub(r"\\_", short.translate(_SPECIAL))


def link(text: object, address: str | None) -> Marked:
    """A link, where ``address`` is one of the web; else the text alone."""
    if address is None or not address.startswith(("http://", "https://")):
        return Marked(cell(text))
    return Marked(f"[{cell(text)}]({quote(address, safe=':/?&=%#@+,;~-._')})")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, most: int = MOST_ROWS, rest: str) -> str:
    """A table of at most ``most`` rows; of more it says how many there are, and ``rest``, where to see them."""
    rows = iter(rows)
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(map(cell, row))} |" for row in islice(rows, most)]
    left = sum(1 for _ in rows)
    if left:
        lines += ["", f"... and {left} more" + (f": {rest}" if rest else "") + "."]
    return "\n".join(lines)


def bullets(words: Sequence[object], *, most: int, rest: str = "") -> list[str]:
    """Lines of a list of at most ``most``; of more it says how many there are, and ``rest``, where to see them."""
    lines = [f"- {_in_a_line(cell(word))}" for word in words[:most]]
    if len(words) > most:
        lines.append(f"- and {len(words) - most} more" + (f": {rest}" if rest else ""))
    return lines


def fenced(text: str, language: str = "") -> str:
    """``text`` as it is, between fences that it cannot close."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _in_a_line(text: str) -> str:
    begins = _BEGINS_A_BLOCK.match(text)
    return text if begins is None else f"{begins[1]}\\{text[begins.start(2) :]}"
