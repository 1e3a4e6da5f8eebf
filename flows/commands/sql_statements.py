"""SQL statements out of lines that were typed or piped in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

LEAVE: Final = (".quit", ".exit", "quit", "exit", "\\q")
"""What people type to leave the prompts they know."""

# A quoted text, a comment, or the end of a statement. What is quoted or commented and has no end yet runs to the end.
_PIECE: Final = re.compile(
    r"""'(?:[^']|'')*(?P<open>\Z)?'? | "(?:[^"]|"")*(?P<open2>\Z)?"? | \$\$.*?(?:\$\$|(?P<open3>\Z))
    | --[^\n]* | /\*.*?(?:\*/|(?P<open4>\Z)) | (?P<end>;)""",
    re.VERBOSE | re.DOTALL,
)


def statements(lines: Iterable[str | None]) -> Iterator[str]:
    """Statements from lines: each ends with ``;`` or an empty line that stand in no quotes and no comment, dot commands
    end with their line, the last statement with the lines. ``None`` is a line that was broken off: what was pending is
    forgotten."""
    pending = ""
    for line in lines:
        if line is None:
            pending = ""
            continue
        if not pending.strip():
            word = line.strip().rstrip(";")
            if word.lower() in LEAVE:
                return
            if word.startswith("."):
                pending = ""
                yield word
                continue
        whole, pending, is_open = split(pending + line.rstrip("\n") + "\n")
        yield from whole
        if not line.strip() and not is_open:
            if pending.strip():
                yield pending.strip()
            pending = ""
    if pending.strip():
        yield pending.strip()


def split(text: str) -> tuple[tuple[str, ...], str, bool]:
    """Whole statements of ``text``, what is left of it, and whether that ends inside quotes or a comment."""
    whole = []
    begin = 0
    is_open = False
    for piece in _PIECE.finditer(text):
        is_open = any(piece[name] is not None for name in ("open", "open2", "open3", "open4"))
        if piece["end"]:
            statement = text[begin : piece.end()].strip()
            begin = piece.end()
            if statement != ";":
                whole.append(statement)
    rest = text[begin:]
    return tuple(whole), rest if rest.strip() else "", is_open
