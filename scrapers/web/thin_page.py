"""Pages with next to no text: how much a reader would see, and where a page that only forwards leads. Pure, on bytes
of any encoding."""

from __future__ import annotations

import html
import re

_HIDDEN = rb"script|style|noscript|template|title"
_RUN = re.compile(
    rb"<(" + _HIDDEN + rb")\b[^<>]*>.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)"
    rb"|(?:<(?!(?:" + _HIDDEN + rb")\b|!--)[^<>]*>\s*)+|([^<\s][^<]*)",
    re.DOTALL | re.IGNORECASE,
)
_PROSE = re.compile(rb">([^<>{};=()\"']{60,})<")
"""Runs between tags too long and too plain to be anything but text: most pages have enough of them, at a fifth of the
time."""
_NO_BREAK = b"&nbsp;"
_META = re.compile(rb"<meta\b[^>]*\bhttp-equiv\s*=\s*[\"']?refresh\b[^>]*>", re.IGNORECASE)
_META_TARGET = re.compile(rb"content\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_REFRESH = re.compile(r"\s*(\d+)(?:\.\d*)?\s*[;,]\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_SCRIPT_TARGET = re.compile(
    rb"(?:(?:window|document|top|self|parent)\s*\.\s*)?location(?:\s*\.\s*href)?\s*(?:=|\.\s*(?:replace|assign)\s*\()\s*"
    rb"(?:\"([^\"]{1,2000})\"|'([^']{1,2000})')",
    re.IGNORECASE,
)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
LOOKED_AT = 1 << 20
"""Bytes of a page that are looked at. No pattern here takes more than linear time, whatever the page holds."""
LONGEST_FORWARDING = 8 * 1024
"""Bytes of a page that only forwards; a longer one is not asked whether it does."""
MAX_REFRESH_SECONDS = 10
"""A page that reloads later than this is read first, so it is content."""


def visible_text(page: bytes, enough: int) -> bytes:
    """Text outside tags, scripts, styles, comments and ``<title>``; about ``enough`` bytes of it at most, in page
    order.

    Blanks around a run of text and ``&nbsp;`` are dropped.
    """
    page = page[:LOOKED_AT]
    prose = b" ".join(b" ".join(_PROSE.findall(page)).split())
    if len(prose) >= enough:
        return prose
    runs: list[bytes] = []
    seen = 0
    for match in _RUN.finditer(page):
        run = match.group(2)
        if run is not None:
            runs.append(run.replace(_NO_BREAK, b"").strip())
            seen += len(runs[-1])
            if seen >= enough:
                break
    return b"".join(runs)


def forward_target(page: bytes) -> str | None:
    """Where a page without text of its own sends its reader: by ``<meta http-equiv=refresh>`` or a script that sets
    ``location``."""
    page = _COMMENT.sub(b"", page)
    meta = _META.search(page)
    if meta is not None:
        content = _META_TARGET.search(meta.group())
        if content is not None:
            refresh = _REFRESH.match(html.unescape(_text(content)))
            if refresh is not None and int(refresh.group(1)) <= MAX_REFRESH_SECONDS:
                return refresh.group(2).strip()
    script = _SCRIPT_TARGET.search(page)
    return _text(script).strip() or None if script is not None else None


def _text(match: re.Match[bytes]) -> str:
    value = next(group for group in match.groups() if group is not None)
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("gb18030", "replace")
