"""Words on why an answer is empty, in a header: its body is the answer alone, whatever the format."""

from __future__ import annotations

import json
import urllib.parse
from typing import Final

HINT_HEADER: Final = "Nianbao-Hints"
_MOST: Final = 8_000
"""Bytes of the header: clients take 64 KiB of a line, proxies before the server often 8 KiB."""


def hint_header(hints: tuple[str, ...]) -> str:
    """The hints as a JSON list, percent-encoded, since a header holds ASCII; as many as there is room for."""
    for kept in range(len(hints), 0, -1):
        header = urllib.parse.quote(json.dumps(hints[:kept], ensure_ascii=False))
        if len(header) <= _MOST:
            return header
    return urllib.parse.quote("[]")


def hints_of(header: str | None) -> tuple[str, ...]:
    """What ``hint_header`` made; nothing of a header that is none of it (an older server, a proxy)."""
    try:
        found = json.loads(urllib.parse.unquote(header or "[]"))
    except ValueError:
        return ()
    return tuple(hint for hint in found if isinstance(hint, str)) if isinstance(found, list) else ()
