"""The parsed page as flat lists, made in one walk, and the page as lines.

Lexbor recovers like a browser (``</html>`` in mid-page, unclosed cells), so what a visitor sees is what is walked.
Lists in document order make every later question a sum over a range: subtree ``i`` is ``i .. ends[i]``.
The walk keeps its own stack: 20,000 nested tags are an ordinary page here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
"""Elements that begin and end a line. Every other element, known or not, is inline, as in CSS."""

_DROPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "math",
        "head",
        "title",
        "select",
        "option",
        "textarea",
        "button",
        "input",
        "object",
        "embed",
        "applet",
        "canvas",
        "video",
        "audio",
        "map",
        "colgroup",
    ]
)
_IGNORED = dict.fromkeys(
    [0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x09), *range(0x0E, 0x1C), 0x7F]
)
_CJK = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3001-\u303f"
_WRAPPED = re.compile(rf"(?<=[{_CJK}])[ \t\r\f]*\n\s*(?=[{_CJK}])")
_HIDING = re.compile(r"display\s*:\s*none", re.I)
_HIDDEN_SELECTOR = '[style*="display" i], [hidden], .hidden, .hide, .sr-only'


def tidy(text: str) -> str:
    """One line of text: white space of any kind collapsed, zero-width and control characters gone.

    A line break of the source between two Chinese characters is nothing; any other is a space.
    """
    if "\n" in text:
        text = _WRAPPED.sub("", text.strip())
    text = " ".join(text.split())
    # Only text with something unusual in it pays for the table.
    return text if text.isprintable() else " ".join(text.translate(_IGNORED).split())


class Line(NamedTuple):
    """One line as a visitor sees it: the text between two block boundaries."""

    text: str
    first: int
    """Index of its first text node."""
    last: int
    """Index of its last text node."""
    linked: int
    """Characters of it that stand inside links."""
    hidden: bool


@dataclass(slots=True)
class Tree:
    """A page, flattened. Index 0 is ``<html>``; a text node has the tag ``""``."""

    parser: LexborHTMLParser
    tags: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    nodes: dict[int, LexborNode] = field(default_factory=dict)
    """Elements by index, but for plain ones; text nodes are not kept."""
    lines: list[Line] = field(default_factory=list)
    hidden: frozenset[int] = frozenset()
    """Elements that are styled away (not their descendants)."""
    _index: dict[int, int] | None = None
    _firsts: list[int] = field(default_factory=list)

    @property
    def index(self) -> dict[int, int]:
        """``mem_id`` of an element -> its index."""
        if self._index is None:
            self._index = {node.mem_id: place for place, node in self.nodes.items()}
        return self._index

    def select(self, selector: str) -> list[int]:
        """Indices of the elements a CSS selector finds, in document order; plain ones (``p``, ``li``) are left out."""
        found = self.parser.css(selector)
        if not found:
            return []
        places = {self.index.get(node.mem_id) for node in found}
        return sorted(place for place in places if place is not None)

    def children(self, place: int) -> Iterator[int]:
        """Element and text children of an element."""
        child, end = place + 1, self.ends[place]
        while child < end:
            yield child
            child = self.ends[child]

    def attribute(self, place: int, name: str) -> str:
        node = self.nodes.get(place)
        return (node.attributes.get(name) or "") if node is not None else ""

    def text(self, place: int) -> str:
        """The text of a subtree in one line; block boundaries become spaces."""
        parts: list[str] = []
        tags = self.tags
        for i in range(place, self.ends[place]):
            tag = tags[i]
            if not tag:
                parts.append(self.texts[i])
            elif tag in BLOCKS or tag == "br":
                parts.append(" ")
        return tidy("".join(parts))

    def lines_between(self, start: int, end: int) -> list[Line]:
        """The lines whose text lies in the index range."""
        firsts = self.firsts
        return self.lines[bisect_left(firsts, start) : bisect_left(firsts, end)]

    def line_numbers(self, ranges: Sequence[tuple[int, int]]) -> frozenset[int]:
        """Numbers of the lines whose text lies in one of the index ranges."""
        firsts = self.firsts
        numbers: set[int] = set()
        for start, end in ranges:
            numbers.update(range(bisect_left(firsts, start), bisect_left(firsts, end)))
        return frozenset(numbers)

    @property
    def firsts(self) -> list[int]:
        """``Line.first`` of every line, ascending."""
        if len(self._firsts) != len(self.lines):
            self._firsts = [line.first for line in self.lines]
        return self._firsts

    def ancestors(self, place: int) -> Iterator[int]:
        place = self.parents[place]
        while place >= 0:
            yield place
            place = self.parents[place]


class Page:
    """A decoded page with its tree and what of its head is asked for."""

    def __init__(self, text: str) -> None:
        self.parser = LexborHTMLParser(text)

    @cached_property
    def tree(self) -> Tree:
        return flatten(self.parser)


_PLAIN = frozenset({"p", "li", "tr", "tbody", "thead", "font", "b", "strong", "i", "em", "u", "o:p", "br", "hr", "wbr"})
"""Elements whose attributes nobody asks for: their nodes are let go at once."""
_TEXT, _BLOCK, _BREAK, _LINK, _SKIPPED, _INLINE = range(6)
_KINDS: dict[str, int] = {
    "-text": _TEXT,
    "br": _BREAK,
    "a": _LINK,
    **dict.fromkeys(BLOCKS, _BLOCK),
    **dict.fromkeys(_DROPPED, _SKIPPED),
    **dict.fromkeys(("span", "b", "strong", "font", "i", "em", "u", "img", "iframe", "label", "wbr", "o:p"), _INLINE),
    **dict.fromkeys(("-comment", "!doctype", "-document", "-cdata-section", "-undef"), _SKIPPED),
}


def flatten(parser: LexborHTMLParser) -> Tree:
    """Walk the page once. Scripts, styles, form controls and the head are left out; comments too."""
    tree = Tree(parser)
    root = parser.root
    if root is None:
        return tree
    hidden_ids, hidden_tags = _hidden_elements(parser)
    tags, parents, ends, texts, nodes, lines = tree.tags, tree.parents, tree.ends, tree.texts, tree.nodes, tree.lines
    hidden_places: list[int] = []
    parts: list[str] = []
    first = last = -1
    linked = count = 0
    line_hidden = False
    link_depth = hide_depth = 0
    kinds = _KINDS
    stack: list[tuple[LexborNode, int, int, bool]] = []
    node: LexborNode | None = root
    parent = -1
    while True:
        if node is None:
            if not stack:
                break
            node, place, kind, is_hidden = stack.pop()
            ends[place] = count
            if kind == _BLOCK:
                if first >= 0:
                    text = tidy("".join(parts))
                    if text:
                        lines.append(Line(text, first, last, linked, line_hidden))
                    first = -1
                    linked = 0
                parts.clear()
            elif kind == _LINK:
                link_depth -= 1
            if is_hidden:
                hide_depth -= 1
            parent = parents[place]
            node = node.next if stack else None
            continue
        tag = node.tag or ""
        kind = kinds.get(tag, -1)
        if kind < 0:
            kind = _SKIPPED if tag[:1] in "-!" else _INLINE
        if kind == _TEXT:
            text = node.text_content or ""
            if first < 0 and (not text or text.isspace()):
                # White space before a line's first word shows nowhere.
                node = node.next
                continue
            tags.append("")
            parents.append(parent)
            texts.append(text)
            parts.append(text)
            if first < 0:
                first = count
                line_hidden = hide_depth > 0
            last = count
            if link_depth:
                linked += len(text.strip())
            count += 1
            ends.append(count)
            node = node.next
            continue
        if kind == _SKIPPED:
            node = node.next
            continue
        tags.append(tag)
        parents.append(parent)
        texts.append("")
        place = count
        if tag not in _PLAIN:
            nodes[place] = node
        count += 1
        ends.append(count)
        if kind in (_BLOCK, _BREAK):
            if first >= 0:
                text = tidy("".join(parts))
                if text:
                    lines.append(Line(text, first, last, linked, line_hidden))
                first = -1
                linked = 0
            parts.clear()
            if kind == _BREAK:
                node = node.next
                continue
        elif kind == _LINK:
            link_depth += 1
        is_hidden = False
        if tag in hidden_tags and node.mem_id in hidden_ids:
            is_hidden = True
            hidden_places.append(place)
            hide_depth += 1
        stack.append((node, place, kind, is_hidden))
        parent = place
        node = node.child
    if first >= 0:
        text = tidy("".join(parts))
        if text:
            lines.append(Line(text, first, last, linked, line_hidden))
    tree.hidden = frozenset(hidden_places)
    return tree


def _hidden_elements(parser: LexborHTMLParser) -> tuple[set[int], set[str]]:
    """``mem_id`` and tags of the elements that are styled away; the tags spare most elements the question."""
    found = parser.css(_HIDDEN_SELECTOR)
    hidden: set[int] = set()
    tags: set[str] = set()
    for node in found:
        if node.tag in ("body", "html"):
            continue  # hidden until a script has run: a visitor does see it
        attributes = node.attributes
        style = attributes.get("style")
        classes = (attributes.get("class") or "").split()
        if (
            (style and _HIDING.search(style))
            or "hidden" in attributes
            or not {"hidden", "hide", "sr-only"}.isdisjoint(classes)
        ):
            hidden.add(node.mem_id)
            tags.add(node.tag or "")
    return hidden, tags
