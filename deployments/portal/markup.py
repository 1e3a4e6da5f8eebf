"""Blocks as HTML, in the ways in which editors' text gets into these systems.

``plain``: the editor of the system itself, a ``p`` a paragraph. ``word``: pasted from Word, with ``lang`` spans around
numbers, ``o:p`` and ``st1:chsdate``. ``breaks``: bare text parted by ``br``. ``divs``: a ``div`` a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape

from deployments.portal.documents import Block, Cell, Grid, Heading

_DATE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_NUMBER = re.compile(r"\d+(?:\.\d+)?%?")
INDENT = "text-indent: 2em;"


def body_markup(blocks: Sequence[Block], paste: str) -> str:
    """The body's inner HTML. Raises ``KeyError`` for a way of pasting nobody knows."""
    line = _PASTES[paste]
    parts = [table_markup(block) if isinstance(block, Grid) else line(block.text, _place(block)) for block in blocks]
    return "\n".join(parts)


def _place(block: Block) -> str:
    if isinstance(block, Heading):
        return f"heading{block.level}"
    return "right" if getattr(block, "right", False) else "text"


def _plain(text: str, place: str) -> str:
    if place == "right":
        return f'<p style="text-align: right;">{escape(text)}&nbsp;&nbsp;&nbsp;&nbsp;</p>'
    if place.startswith("heading"):
        face = "黑体, SimHei" if place == "heading1" else "楷体, SimKai"
        return f'<p style="{INDENT}"><span style="font-family: {face};">{escape(text)}&nbsp;</span></p>'
    return f'<p style="{INDENT}">{escape(text)}</p>'


def _word_inline(text: str) -> str:
    """Text with what Word wraps around Latin digits and dates."""

    def number(match: re.Match[str]) -> str:
        return number_span(match[0])

    parts, end = [], 0
    for match in _DATE.finditer(text):
        parts.append(_NUMBER.sub(number, escape(text[end : match.start()])))
        year, month, day = match.groups()
        inner = f"{number_span(year)}年{number_span(month)}月{number_span(day)}日"
        attributes = f'isrocdate="False" islunardate="False" day="{day}" month="{month}" year="{year}" w:st="on"'
        parts.append(f"<st1:chsdate {attributes}>{inner}</st1:chsdate>")
        end = match.end()
    parts.append(_NUMBER.sub(number, escape(text[end:])))
    return "".join(parts)


def number_span(number: str) -> str:
    """A number as Word marks it for the Latin script."""
    return f'<span lang="EN-US" style="font-family:仿宋_GB2312">{number}</span>'


def _word(text: str, place: str) -> str:
    style = {"right": "text-align:right", "text": "text-indent:32pt;mso-char-indent-count:2.0"}.get(
        place, "text-indent:32pt;mso-outline-level:1"
    )
    face = {"heading1": "黑体", "heading2": "楷体_GB2312"}.get(place, "仿宋_GB2312")
    return (
        f'<p class="MsoNormal" style="{style}">'
        f'<span style="font-size:16pt;font-family:{face};mso-bidi-font-family:仿宋">'
        f"{_word_inline(text)}<o:p></o:p></span></p>"
    )


def _breaks(text: str, place: str) -> str:
    return f"　　{escape(text)}<br>" if place != "right" else f"{'　' * 20}{escape(text)}<br/>"


def _divs(text: str, place: str) -> str:
    if place.startswith("heading"):
        return f'<div style="{INDENT}"><strong>{escape(text)}</strong></div>'
    return f'<div style="{"text-align: right;" if place == "right" else INDENT}">{escape(text)}</div>'


_PASTES: Mapping[str, Callable[[str, str], str]] = {
    "plain": _plain,
    "word": _word,
    "breaks": _breaks,
    "divs": _divs,
}


def table_markup(grid: Grid) -> str:
    """A table with its spans, each line of a cell a ``p``, as the editors of these systems write tables."""
    rows = []
    for number, row in enumerate(grid.rows):
        first = ' class="firstRow"' if number == 0 else ""
        rows.append(f"<tr{first}>{''.join(map(_cell, row))}</tr>")
    return (
        '<table cellspacing="0" align="center" border="1" style="border-collapse:collapse;width:100%">\n<tbody>\n'
        + "\n".join(rows)
        + "\n</tbody>\n</table>"
    )


def _cell(cell: Cell) -> str:
    spans = (f' colspan="{cell.colspan}"' if cell.colspan > 1 else "") + (
        f' rowspan="{cell.rowspan}"' if cell.rowspan > 1 else ""
    )
    inner = "".join(f'<p style="text-align:center">{escape(line)}</p>' for line in cell.text.split("\n"))
    return f'<td{spans} valign="center">{inner}</td>'
