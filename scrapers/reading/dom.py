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
from functools import cache, cached_property
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
_HIDING = re.compile(r"display\s*:\s*none")
_HIDING_CLASSES = frozenset({"hidden", "hide", "sr-only"})
_MARKED = '[id], [class], [hidden], [style*="display" i]'
"""Elements whose attributes say how they are called or that they are styled away: a few in a hundred."""


def tidy(text: str) -> str:
    """One line of text: white space of any kind collapsed, zero-width and control characters gone.

    A line break of the source between two Chinese characters is nothing; any other is a space.
    """
    text = text.strip()
    if text.isprintable():
        # Of all white space, only the space is printable.
        return " ".join(text.split()) if "  " in text else text
    if "\n" in text:
        text = _WRAPPED.sub("", text)
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
    """Text of a text node; a space for an element that begins and ends a line, ``""`` for any other."""
    nodes: dict[int, LexborNode] = field(default_factory=dict)
    """Elements by index, but for plain ones; text nodes are not kept."""
    lines: list[Line] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    """``Line.first`` of every line, ascending."""
    hidden: frozenset[int] = frozenset()
    """Elements that are styled away (not their descendants)."""
    names: frozenset[str] = frozenset()
    """Every ``#id`` and ``.class`` that stands on the page, in lower case."""
    _index: dict[int, int] | None = None

    def select(self, selectors: Sequence[str]) -> list[int]:
        """Indices of the elements that any of the CSS selectors finds, in document order; plain ones (``p``, ``li``)
        are left out. Only selectors whose names stand on the page are put to the engine: mostly one of forty."""
        possible = [selector for selector in selectors if self._may_find(selector)]
        if not possible:
            return []
        if self._index is None:
            self._index = {node.mem_id: place for place, node in self.nodes.items()}
        places = {self._index.get(node.mem_id) for node in self.parser.css(", ".join(possible))}
        return sorted(place for place in places if place is not None)

    def _may_find(self, selector: str) -> bool:
        """Whether the tag, ids and classes of a compound selector stand on the page, in any case: pages without a
        doctype ignore it."""
        tag, names, opening = _parts_of(selector)
        return (
            names <= self.names
            and (not tag or tag in self.tags)
            and (not opening or any(name.startswith(opening) for name in self.names))
        )

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
        return tidy("".join(self.texts[place : self.ends[place]]))

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

    def ancestors(self, place: int) -> Iterator[int]:
        place = self.parents[place]
        while place >= 0:
            yield place
            place = self.parents[place]


_SIMPLE = re.compile(r"[#.][\w-]+")
_TAG = re.compile(r"[\w:-]*")
_ID_OPENING = re.compile(r"\[id\^=([\w-]+)\]")


@cache
def _parts_of(selector: str) -> tuple[str, frozenset[str], str]:
    """The tag of a compound selector, its ids and classes, and what an id begins with (``[id^=…]``), in lower case;
    tag and opening are ``""`` where there is none."""
    simple, mark, attributes = selector.lower().partition("[")
    tag, opening = _TAG.match(simple), _ID_OPENING.search(mark + attributes)
    names = frozenset(_SIMPLE.findall(simple))
    return tag[0] if tag else "", names, f"#{opening[1]}" if opening else ""


class Page:
    """A decoded page with its tree and what of its head is asked for."""

    def __init__(self, text: str) -> None:
        self.parser = LexborHTMLParser(text)

    @cached_property
    def tree(self) -> Tree:
        return flatten(self.parser)


_PLAIN = frozenset({"p", "li", "tr", "tbody", "thead", "font", "b", "strong", "i", "em", "u", "o:p", "br", "hr", "wbr"})
"""Elements whose attributes nobody asks for: their nodes are let go at once."""
_BLOCK, _BREAK, _LINK, _SKIPPED, _INLINE = range(5)
_KINDS: dict[str, int] = {
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
    hidden, tree.names = _marked(parser)
    tags, parents, ends, texts, nodes = tree.tags, tree.parents, tree.ends, tree.texts, tree.nodes
    hidden_places: list[int] = []
    spans: list[tuple[int, int, int, int, bool]] = []  # of lines: first, last, one past the last, linked, hidden
    first = last = -1
    linked = count = 0
    line_hidden = False
    link_depth = hide_depth = 0
    text_id = _text_id()
    kinds: dict[int, tuple[str, int]] = {}  # by tag_id, which is an integer; of unknown elements, it is the document's
    stack: list[tuple[LexborNode, int, bool]] = []
    node: LexborNode | None = root
    parent = -1
    while True:
        if node is None:
            if not stack:
                break
            node, kind, is_hidden = stack.pop()
            ends[parent] = count
            if kind == _BLOCK:
                if first >= 0:
                    spans.append((first, last, count, linked, line_hidden))
                    first, linked = -1, 0
            elif kind == _LINK:
                link_depth -= 1
            if is_hidden:
                hide_depth -= 1
            parent = parents[parent]
            node = node.next if stack else None
            continue
        tag_id = node.tag_id
        if tag_id == text_id:
            text = node.text_content or ""
            if first < 0:
                if not text or text.isspace():
                    # White space before a line's first word shows nowhere.
                    node = node.next
                    continue
                first = count
                line_hidden = hide_depth > 0
            tags.append("")
            parents.append(parent)
            texts.append(text)
            last = count
            if link_depth:
                linked += len(text.strip())
            count += 1
            ends.append(count)
            node = node.next
            continue
        if tag_id not in kinds:
            kinds[tag_id] = _kind_of(node)
        tag, kind = kinds[tag_id]
        if kind == _SKIPPED:
            node = node.next
            continue
        place = count
        tags.append(tag)
        parents.append(parent)
        if tag not in _PLAIN:
            nodes[place] = node
        count += 1
        ends.append(count)
        if kind == _INLINE:
            texts.append("")
        elif kind == _LINK:
            texts.append("")
            link_depth += 1
        else:
            texts.append(" ")
            if first >= 0:
                spans.append((first, last, place, linked, line_hidden))
                first, linked = -1, 0
            if kind == _BREAK:
                node = node.next
                continue
        is_hidden = False
        if hidden and node.mem_id in hidden:
            is_hidden = True
            hidden_places.append(place)
            hide_depth += 1
        stack.append((node, kind, is_hidden))
        parent = place
        node = node.child
    if first >= 0:
        spans.append((first, last, count, linked, line_hidden))
    tree.hidden = frozenset(hidden_places)
    tree.lines = [
        Line(text, first, last, linked, line_hidden)
        for first, last, end, linked, line_hidden in spans
        if (text := tidy("".join(texts[first:end])))
    ]
    tree.firsts = [line.first for line in tree.lines]
    return tree


@cache
def _text_id() -> int:
    """The engine's ``tag_id`` of text nodes: every second node is one."""
    child = LexborHTMLParser("<p>text").css("p")[0].first_child
    assert child is not None
    return child.tag_id


def _kind_of(node: LexborNode) -> tuple[str, int]:
    tag = node.tag or ""
    return tag, _KINDS.get(tag, _SKIPPED if tag[:1] in "-!" else _INLINE)


def _marked(parser: LexborHTMLParser) -> tuple[set[int], frozenset[str]]:
    """``mem_id`` of the elements that are styled away, and every ``#id`` and ``.class`` of the page."""
    marked = [(node, node.attributes) for node in parser.css(_MARKED)]
    ids = {attributes.get("id") or "" for _, attributes in marked}
    classes = {attributes.get("class") or "" for _, attributes in marked}
    hiding = {written for written in classes if not _HIDING_CLASSES.isdisjoint(written.split())}
    hidden = {
        node.mem_id
        for node, attributes in marked
        if ("style" in attributes or "hidden" in attributes or attributes.get("class") in hiding)
        and (
            "hidden" in attributes
            or attributes.get("class") in hiding
            or _HIDING.search((attributes["style"] or "").lower())
        )
        and node.tag not in ("body", "html")  # hidden until a script has run: a visitor does see them
    }
    names = {f"#{name}" for name in " ".join(ids).lower().split()}
    names.update([f".{name}" for name in " ".join(classes).lower().split()])
    return hidden, frozenset(names)
