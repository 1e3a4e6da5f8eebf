"""A body that a page carries and does not show: markup in a field or script from which a script would build the page.

Old systems keep the editor's text in a hidden ``<textarea>`` or ``<script type="text/plain">``; pages made by a script
bring the answer of their interface along as a string of JSON; a frame may have its page in an attribute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser


class Carried(NamedTuple):
    """The markup of a body, and what carries it: ``textarea``, ``script`` or ``frame``."""

    markup: str
    carrier: str


_MARKUP = re.compile(r"<(?:p|br|div|table|section|span)\b", re.I)
_ESCAPED_MARKUP = re.compile(r"&lt;(?:p|br|div|table|section|span)\b", re.I)
_PLACEHOLDER = re.compile(r"\{\{|\$\{|<%|\bv-(?:for|if|html)\b|\bng-")
"""Of a template that waits for its values."""
_STRING = re.compile(r""""(?P<double>(?:[^"\\\n]|\\.)*+)"?|'(?P<single>(?:[^'\\\n]|\\.)*+)'?""", re.S)
"""One that is not closed ends with its line, as in JavaScript; so every character is looked at once."""
_INERT_TYPES = re.compile(r"text/(?:html|plain|x?-?template|xml)", re.I)
_TAG = re.compile(r"<[^<>]*>")
_SHORTEST = 80
"""Characters of running text from which on a string is a body."""
_LONGEST_SCRIPT = 4_000_000
_RIVAL = 0.3
"""The share of the longest that a second text must not have: a page that carries several articles shows a list."""


def carried_body(parser: LexborHTMLParser) -> Carried | None:
    """The one body that a page carries in a field or script, or ``None`` where there is none or more than one."""
    found: dict[str, tuple[int, Carried]] = {}
    for one in _candidates(parser):
        markup = unescape(one.markup) if _ESCAPED_MARKUP.search(one.markup) else one.markup
        if not _MARKUP.search(markup) or _PLACEHOLDER.search(markup):
            continue
        text = "".join(unescape(_TAG.sub("", markup)).split())
        if len(text) >= _SHORTEST and text.count("。") >= 2:
            found.setdefault(text, (len(text), Carried(markup, one.carrier)))
    ranked = sorted(found.values(), key=lambda pair: -pair[0])
    if not ranked or (len(ranked) > 1 and ranked[1][0] >= _RIVAL * ranked[0][0]):
        return None
    return ranked[0][1]


def _candidates(parser: LexborHTMLParser) -> Iterator[Carried]:
    for node in parser.css("iframe[srcdoc]"):
        yield Carried(node.attributes.get("srcdoc") or "", "frame")
    for node in parser.css("textarea"):
        yield Carried(node.text(), "textarea")
    for node in parser.css("script:not([src])"):
        written = node.text()
        if len(written) > _LONGEST_SCRIPT:
            continue
        if _INERT_TYPES.fullmatch((node.attributes.get("type") or "").strip()):
            yield Carried(written, "script")
        else:
            for match in _STRING.finditer(written):
                literal = match["double"] or match["single"] or ""
                if len(literal) > _SHORTEST:
                    yield Carried(_read_string(literal), "script")


def _read_string(literal: str) -> str:
    """A string of JSON or JavaScript without its escapes; as written where it has others than JSON knows."""
    try:
        return str(json.loads(f'"{_QUOTE.sub(_quoted_for_json, literal)}"', strict=False))
    except ValueError:
        return literal


_QUOTE = re.compile(r"\\'|(?<!\\)\"")


def _quoted_for_json(match: re.Match[str]) -> str:
    return "'" if match[0] == "\\'" else '\\"'
