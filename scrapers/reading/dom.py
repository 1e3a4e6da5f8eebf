"""The parsed page as flat lists, made in one walk, and the page as lines.

Lexbor recovers like a browser (``</html>`` in mid-page, unclosed cells), so what a visitor sees is what is walked.
Lists in document order make every later question a sum over a range: subtree ``i`` is ``i .. ends[i]``.
The walk keeps its own stack: 20,000 nested tags are an ordinary page here.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import NamedTuple

from selectolax.lexbor import LexborDocumentOptions, LexborHTMLParser, LexborNode

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
_WRAPPED = re.compile(rf"[ \t\r\f\n](?<=[{_CJK}].)(?:(?<=\n)|[ \t\r\f]*\n)\s*(?=[{_CJK}])", re.S)
"""A line break of the source between two Chinese characters. It begins with a set, which the search skips to."""
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?<![\w-])(?:left|top|right|bottom|text-indent)\s*:\s*-\d{4,}(?!\d*%)|"
    r"(?<![\w-])margin-(?:left|top)\s*:\s*-\d{4,}"
)
"""Styles by which an element shows nowhere: not laid out, not painted, or a thousand pixels off the page."""
_NO_SIZE = re.compile(r"(?<![\w-])font-size\s*:\s*0(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:!important\s*)?(?:;|$)")
"""Hides text only where nothing inside sets a size again: templates write it to close the gap between two boxes."""
_HIDING_CLASSES = frozenset({"hidden", "hide", "sr-only"})


def has_colon(text: str) -> bool:
    """Whether a colon of any kind that templates write stands in a text."""
    return "：" in text or ":" in text or "∶" in text or "﹕" in text


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
    _places: Mapping[int, int] | None = None
    _colons: frozenset[int] | None = None

    def select(self, selectors: tuple[str, ...]) -> list[int]:
        """Indices of the elements that any of the CSS selectors finds, in document order, without plain ones (``p``,
        ``li``)."""
        found = self.parser.css(_joined(selectors))
        if not found:
            return []
        if self._places is None:
            self._places = {node.mem_id: place for place, node in self.nodes.items()}
        places = [self._places.get(node.mem_id) for node in found]
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

    def lines_with_colon(self) -> frozenset[int]:
        """Numbers of the lines that a colon of any kind stands in: labels of any kind are looked for there."""
        if self._colons is None:
            self._colons = frozenset(number for number, line in enumerate(self.lines) if has_colon(line.text))
        return self._colons

    def ancestors(self, place: int) -> Iterator[int]:
        place = self.parents[place]
        while place >= 0:
            yield place
            place = self.parents[place]


@cache
def _joined(selectors: tuple[str, ...]) -> str:
    """One selector for all. The engine tries each of a list on every element: those that ask for an id or a class come
    behind the question whether the element has any, which most have not."""
    groups: dict[str, list[str]] = {"[id]": [], "[class]": [], "": []}
    for selector in selectors:
        groups["[id]" if "#" in selector else "[class]" if "." in selector else ""].append(selector)
    rest = groups.pop("")
    return ", ".join([f"{asked}:is({', '.join(group)})" for asked, group in groups.items() if group] + rest)


class Page:
    """A decoded page with its tree and what of its head is asked for."""

    def __init__(self, markup: str | bytes) -> None:
        """``markup`` is a page as text or in UTF-8."""
        # Events serve scripts that change a page: here nothing does.
        self.parser = LexborHTMLParser(markup, options=LexborDocumentOptions.WO_EVENTS)

    @cached_property
    def tree(self) -> Tree:
        return flatten(self.parser)


_PLAIN = frozenset({"p", "li", "tr", "tbody", "thead", "font", "b", "strong", "i", "em", "u", "o:p", "br", "hr", "wbr"})
"""Elements whose attributes nobody asks for: their nodes are let go at once."""
_BLOCK, _BREAK, _LINK, _SKIPPED, _INLINE = range(5)
_WITHIN_LINES = (_INLINE, _LINK)
_KINDS: dict[str, int] = {
    "br": _BREAK,
    "a": _LINK,
    **dict.fromkeys(BLOCKS, _BLOCK),
    **dict.fromkeys(_DROPPED, _SKIPPED),
    **dict.fromkeys(
        ("span", "b", "strong", "font", "i", "em", "u", "img", "iframe", "embed", "label", "wbr", "o:p"), _INLINE
    ),
    **dict.fromkeys(("-comment", "!doctype", "-document", "-cdata-section", "-undef"), _SKIPPED),
}


def flatten(parser: LexborHTMLParser) -> Tree:
    """Walk the page once. Scripts, styles, form controls and the head are left out; comments too."""
    tree = Tree(parser)
    spans = _walk(tree, parser.root, _hidden(parser))
    texts, new = tree.texts, tuple.__new__  # a named tuple made by name costs twice the time
    tree.lines = [
        new(Line, (text, first, last, linked, hidden))
        for first, last, end, linked, hidden in spans
        if (text := tidy("".join(texts[first:end])))
    ]
    tree.firsts = [line.first for line in tree.lines]
    return tree


_Span = tuple[int, int, int, int, bool]
"""Of a line: its first and last text node, one past its last node, characters in links, whether it is hidden."""


def _walk(tree: Tree, root: LexborNode | None, hidden: frozenset[int]) -> list[_Span]:
    """Fill the lists of a tree, and give the spans of its lines. ``hidden`` are the elements that are styled away, by
    ``mem_id``.

    Every step here is taken a thousand times a page: hence the long function and the short names for its methods.
    """
    nodes, ends = tree.nodes, tree.ends
    add_tag, add_parent, add_end, add_text = tree.tags.append, tree.parents.append, ends.append, tree.texts.append
    hidden_places: list[int] = []
    spans: list[_Span] = []
    first = last = parent = -1
    linked = count = link_depth = hide_depth = 0
    line_hidden = False
    text_id = _text_id()
    kinds = _standard_kinds().copy()
    stack: list[tuple[LexborNode, int, bool]] = []
    push, pop = stack.append, stack.pop
    node = root
    while True:
        while node is not None:
            tag_id = node.tag_id
            if tag_id == text_id:
                # White space before a line's first word shows nowhere.
                if first < 0 and node.is_empty_text_node:
                    node = node.next
                    continue
                text = node.text_content or ""
                if first < 0:
                    if not text or text.isspace():
                        node = node.next
                        continue
                    first = count
                    line_hidden = hide_depth > 0
                add_tag("")
                add_parent(parent)
                add_text(text)
                last = count
                if link_depth:
                    linked += len(text.strip())
                count += 1
                add_end(count)
                node = node.next
                continue
            known = kinds.get(tag_id)
            if known is None:
                known = kinds[tag_id] = _kind_of(node)
            tag, kind, is_plain = known
            if kind == _SKIPPED:
                node = node.next
                continue
            place = count
            add_tag(tag)
            add_parent(parent)
            count += 1
            add_end(count)
            if kind in _WITHIN_LINES:
                add_text("")
            else:
                add_text(" ")
                if first >= 0:
                    spans.append((first, last, place, linked, line_hidden))
                    first, linked = -1, 0
                if kind == _BREAK:
                    node = node.next
                    continue
            if not is_plain:
                nodes[place] = node
            is_hidden = bool(hidden) and node.mem_id in hidden
            if is_hidden:
                hidden_places.append(place)
            child = node.first_child
            if child is None:
                node = node.next
                continue
            if is_hidden:
                hide_depth += 1
            if kind == _LINK:
                link_depth += 1
            push((node, kind, is_hidden))
            parent = place
            node = child
        if not stack:
            break
        node, kind, was_hidden = pop()
        ends[parent] = count
        if kind == _BLOCK:
            if first >= 0:
                spans.append((first, last, count, linked, line_hidden))
                first, linked = -1, 0
        elif kind == _LINK:
            link_depth -= 1
        if was_hidden:
            hide_depth -= 1
        parent = tree.parents[parent]
        node = node.next if stack else None
    if first >= 0:
        spans.append((first, last, count, linked, line_hidden))
    tree.hidden = frozenset(hidden_places)
    return spans


@cache
def _text_id() -> int:
    """The engine's ``tag_id`` of text nodes: every second node is one."""
    child = LexborHTMLParser("<p>text").css("p")[0].first_child
    assert child is not None
    return child.tag_id


@cache
def _standard_kinds() -> dict[int, tuple[str, int, bool]]:
    """Kinds by ``tag_id``, for the elements of HTML; that of any other element is its document's own."""
    nodes = [LexborHTMLParser("").create_node(tag) for tag in _KINDS if tag.isalnum()]
    return {node.tag_id: _kind_of(node) for node in nodes if node.tag_id < _OWN_TAGS}


_OWN_TAGS = 1024
"""The engine numbers the tags that it knows; that of any other is where its name is kept, a large number."""


def _kind_of(node: LexborNode) -> tuple[str, int, bool]:
    """Tag, kind, and whether it is plain."""
    tag = node.tag or ""
    return tag, _KINDS.get(tag, _SKIPPED if tag[:1] in "-!" else _INLINE), tag in _PLAIN


_MAY_HIDE = (
    '[hidden], [class]:is([class*=hid], [class*=sr-only]), [style]:is([style*="display" i], [style*="visibility" i], '
    '[style*=":-"], [style*=": -"], [style*="font-size:0" i], [style*="font-size: 0" i])'
)


def _hidden(parser: LexborHTMLParser) -> frozenset[int]:
    """``mem_id`` of the elements that are styled away by what they say themselves."""
    return frozenset(
        node.mem_id
        for node in parser.css(_MAY_HIDE)
        if (_hides(node.attributes) or _has_no_size(node))
        and node.tag not in ("body", "html")  # hidden until a script has run: a visitor does see them
    )


def _has_no_size(node: LexborNode) -> bool:
    style = (node.attributes.get("style") or "").lower()
    if _NO_SIZE.search(style) is None:
        return False
    return all(inside.mem_id == node.mem_id for inside in node.css("[style*='font' i], [class], font"))


def _hides(attributes: Mapping[str, str | None]) -> bool:
    return (
        "hidden" in attributes
        or not _HIDING_CLASSES.isdisjoint((attributes.get("class") or "").split())
        or _HIDING.search((attributes.get("style") or "").lower()) is not None
    )
