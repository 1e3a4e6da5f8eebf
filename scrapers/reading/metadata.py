"""What a page states about itself: meta tags, metadata table, info line; none of it chosen yet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from selectolax.lexbor import LexborHTMLParser

from scrapers.reading.dates import DATE, find_date
from scrapers.reading.dom import Line, Tree, has_colon, tidy
from scrapers.reading.labels import (
    COLON,
    bare_label,
    canonical_label,
    label_openings,
    labels_in,
    line_labels,
    line_labels_in,
    table_labels,
)

_MAX_LABEL = 14
_MAX_VALUE = 400
_NOTHING = re.compile(r"^[\s—–\-_/.·…。、无空暂〔〕\[\]【】（）()]*$|^(?:暂无|没有|null|undefined|none|nbsp;?)$", re.I)


def stated(value: str | None) -> str | None:
    """A value, or ``None`` where the cell says that there is none (无, -, empty brackets) or its letters are lost."""
    if not value:
        return None
    cleaned = tidy(value)
    return None if not cleaned or "\ufffd" in cleaned or _NOTHING.match(cleaned) else cleaned


# ------------------------------------------------------------------------------------------------ meta tags


def meta_tags(parser: LexborHTMLParser) -> dict[str, str]:
    """First value of each ``<meta name>`` (or ``property``), names in lower case; empty contents are kept as ``""``."""
    tags: dict[str, str] = {}
    for node in parser.css("meta"):
        attributes = node.attributes
        name = (attributes.get("name") or attributes.get("property") or "").strip().lower()
        if name and name not in tags and "content" in attributes:
            tags[name] = tidy((attributes["content"] or "").replace("&nbsp;", " "))
    return tags


# ------------------------------------------------------------------------------------------------ info line


@dataclass(frozen=True, slots=True)
class InfoLine:
    """A line of labels and values, e.g. ``发布时间：2024-03-29 来源：区司法局 浏览量：``."""

    first: int
    """Index of its first text node."""
    values: tuple[tuple[str, str, str], ...]
    """``(field, label, value)`` in order; ``released`` without a label where the date stands bare."""
    lead: int = 0
    """Characters before the first label that are no date: a title in the same line, or the site's name."""

    @property
    def labelled(self) -> frozenset[str]:
        """Fields that stand there with their label and a value (or, for counters, without one)."""
        return frozenset(
            name for name, label, value in self.values if label and (value or name in ("counter", "tools"))
        )


_TOOLS = re.compile(
    r"[|｜丨【\[〖]|字体|字号|(?:文字|图片|图文|视频|政策)解读|(?:^|\s)(?:打印|分享|关闭|收藏|保存|下载|返回|纠错|繁體|大\s*中\s*小|繁|次(?:\s|$))|扫一扫|[（(]\s*(?:点击|浏览|阅读)|(?:^|\s)(?:已?(?:浏览|阅读|点击|访问)|听全文|语音|朗读|微信|微博|A[-+]|无障碍|阅读模式)"
)
_BRACKETED = re.compile(r"\s*[\[【〔]\s*([^\[\]【】〔〕]{2,40})[\]】〕]")
_TAIL = re.compile(r"(?:[\s|｜丨,，;；、/\\】\]〗·•-]|[（(〔\[【]\s*[）)]?)+$")
_HEAD = re.compile(r"^[\s|｜丨,，;；、>：:·•]+")


def info_line(text: str, first: int = 0) -> InfoLine | None:
    """Read a line as an info line; ``None`` where it is a sentence or has nothing of one."""
    if len(text) > 300 or "。" in text:
        return None
    if not has_colon(text):
        if len(text) > _LONGEST_WITHOUT_COLON:
            return None
        if _GOES_WITHOUT_COLON.search(text):
            text = _IMPLIED_COLON.sub(r"\g<0>：", text, count=4)
        if not has_colon(text):
            return _bare_date(text, first)
    if ")：" in text or "）：" in text or "):" in text or "）:" in text:
        text = _TRANSLATED_LABEL.sub("", text)
    matches = line_labels_in(text)
    if not matches:
        return _bare_date(text, first)
    names = line_labels()
    values: list[tuple[str, str, str]] = []
    before = text[: matches[0].start].strip()
    lead = 0
    if before:
        stamps = list(DATE.finditer(before))
        stamp = stamps[-1] if stamps else None
        if stamp is not None and len(before) - stamp.end() <= 16 and find_date(stamp[0]):
            values.append(("released", "", find_date(stamp[0]) or ""))
            lead = stamp.start()
        else:
            lead = len(before)
    for number, match in enumerate(matches):
        label = match.name
        end = matches[number + 1].start if number + 1 < len(matches) else len(text)
        field_name = names[label]
        value = text[match.end : end]
        values.extend(_valued(field_name, label, value))
    if lead > _LONG_LEAD and not {"source", "released"} <= {name for name, _, value in values if value}:
        return None
    return InfoLine(first, tuple(values), lead)


_LONGEST_WITHOUT_COLON = 80
_TRANSLATED_LABEL = re.compile(r"\s*[（(]\s*[A-Za-z][A-Za-z .]{1,30}[)）](?=[:：])")
"""发布时间(Release Time)："""
_IMPLIED_COLON = re.compile(
    r"(?:^|(?<=\s))(?:发布时间|发布日期|发表时间|更新时间|日期|时间)(?=\s*(?:19|20)\d\d\s*[-年./])|(?:^|(?<=[\s\d]))(?:信息来源|文章来源|稿件来源|来源)(?=\s+\S)"
)
_GOES_WITHOUT_COLON = re.compile("时间|日期|来源")
_LONG_LEAD = 40
"""What stands before the labels is a sentence or a title if it is longer; then it takes two values."""


_BODY_AND_STAMP = re.compile(
    r"[\u4e00-\u9fff]{1,18}(?:[局厅委办府部处科院所站社网报台]|办公室|中心|委员会|管委会|法院|街道|[镇乡])\s+[|｜]?\s*"
    r"(?P<stamp>[\[【(（]?(?:19|20)\d\d(?:[-/.]\d{1,2}){2}(?:\s+\d{1,2}:\d{2}(?::\d{2}(?:\.\d)?)?)?[\]】)）]?)"
)
"""The day in figures: in words, the two are the signature of a document."""
_STAMP_ENDS = frozenset("0123456789]】)）")
_BARE_DATE_OPENS = frozenset(" []【】()（）|12")


def _bare_date(text: str, first: int) -> InfoLine | None:
    """A line that is a date and little else: the name of a body before a stamp, or behind it."""
    named = _BODY_AND_STAMP.fullmatch(text)
    if named is not None:
        day = find_date(named["stamp"])
        return InfoLine(first, (("released", "", day),), named.start("stamp")) if day else None
    if text[:1] not in _BARE_DATE_OPENS:
        return None
    alone = text.strip(" []【】()（）|")
    if len(alone) > 40 or not alone[:1].isdigit() or "星期" in alone:
        return None
    match = DATE.match(alone)
    if match is None or len(alone) - match.end() > 12:
        return None
    day = find_date(alone)
    return InfoLine(first, (("released", "", day),)) if day else None


def _valued(field_name: str, label: str, written: str) -> Iterable[tuple[str, str, str]]:
    if field_name in ("released", "updated", "written"):
        yield field_name, label, find_date(written) or ""
        return
    day = DATE.search(written)
    value = written[: day.start()] if day else written
    bracketed = _BRACKETED.match(value)
    if bracketed:
        value = bracketed[1]
    tools = _TOOLS.search(value)
    if tools and field_name not in ("tools", "counter"):
        value = value[: tools.start()]
    value = _HEAD.sub("", _TAIL.sub("", tidy(value)))
    if value.count("（") + value.count("(") > value.count("）") + value.count(")"):
        value += "）" if "（" in value else ")"
    elif value.endswith(("）", ")")) and not re.search(r"[（(]", value):
        value = value[:-1].rstrip()  # the line is in brackets as a whole: （来源：县司法局）
    yield field_name, label, value
    if day and field_name in ("source", "publisher", "credit"):
        yield "released", "", find_date(written) or ""


# ------------------------------------------------------------------------------------------------ metadata table


_LONGEST_INFO_LINE = 200


def info_lines(tree: Tree) -> dict[int, InfoLine]:
    """Every visible line of a page that reads as an info line, by its number in ``Tree.lines``; links are not read."""
    found: dict[int, InfoLine] = {}
    colons = tree.lines_with_colon()
    for number, (text, first, _, linked, hidden) in enumerate(tree.lines):
        if hidden or len(text) > _LONGEST_INFO_LINE or 2 * linked > len(text):
            continue
        # Without a colon it is a date, or one of the labels that go without.
        if (
            number not in colons
            and text[0] not in _BARE_DATE_OPENS
            and not _GOES_WITHOUT_COLON.search(text)
            and not (text[-1] in _STAMP_ENDS and _BODY_AND_STAMP.fullmatch(text))
        ):
            continue
        read = info_line(text, first)
        if read is not None:
            found[number] = read
    return found


@dataclass(frozen=True, slots=True)
class MetadataTable:
    """Labels and values of the catalogue entry, in page order, and where they stand."""

    pairs: Mapping[str, str] = field(default_factory=dict)
    places: frozenset[int] = frozenset()
    """Text nodes that are labels of it."""

    def holds(self, place: int, since: int = 0) -> bool:
        """Whether a text node is a label of the entry or the value right behind one; ``since``: the first node that may
        be that label."""
        return any(label in self.places for label in range(max(since, place - _VALUE_REACH), place + 1))


_VALUE_REACH = 6
"""Nodes between a label's text and its value's, at most."""


def metadata_table(tree: Tree, *, skip: Sequence[tuple[int, int]] = (), title_at: int | None = None) -> MetadataTable:
    """Collect ``label: value`` pairs whose label is in the vocabulary, from tables, lists, and rows of divs or spans.

    ``skip`` are index ranges not to be searched (the body), ``title_at`` is where the title stands: the entry does not
    reach over it to the info line. A label's value is what follows it in its own line, else
    the next cell or sibling; an empty cell gives ``""``. A lone label is no table: two are asked for, or an index
    number.
    """
    labels = table_labels()
    openings = label_openings()
    found: list[tuple[str, str, int]] = []
    lines = tree.lines
    skipped = tree.line_numbers(skip)
    colons = tree.lines_with_colon()
    for number, line in enumerate(lines):
        if number in skipped:
            continue
        text = line.text
        size = len(text)
        if size > _MAX_VALUE:
            continue
        if number not in colons and not (
            text[0] in openings
            and (
                (size <= 2 * _MAX_LABEL and bare_label(text) in labels)
                or (line.last > line.first and opens_with_label_element(tree, line, labels))
            )
        ):
            continue
        pairs_here = list(_pairs_of_line(tree, lines, number, labels))
        if pairs_here and not is_release_line(text):
            found.extend((canonical_label(label), value, place) for label, value, place in pairs_here)
    own = [place for label, _, place in found if line_labels().get(label) not in SHARED_FIELDS]
    if title_at is not None and any(
        table_labels()[label] == "title" and 0 < title_at - place <= _VALUE_REACH for label, _, place in found
    ):
        title_at = None  # the title is a value of the entry
    entry = [(label, value, place) for label, value, place in found if _belongs(tree, label, place, own, title_at)]
    pairs: dict[str, str] = {}
    for label, value, _ in entry:
        if label not in pairs or (not pairs[label] and value):
            pairs[label] = value
    if len(pairs) < 2 and not _STRONG & pairs.keys():
        return MetadataTable()
    return MetadataTable(pairs, frozenset(place for _, _, place in entry))


_STRONG = frozenset({"索引号", "信息索引号", "组配分类", "发文字号", "信息索引"})
_REACH = 60
"""Nodes between two pairs of one entry, at most."""
_LEVELS = 4
"""How far up the element may stand that holds both (a table, from a cell of it)."""


def _belongs(tree: Tree, label: str, place: int, own: Sequence[int], title_at: int | None) -> bool:
    """Labels of info lines (发布日期, 来源) belong to the entry only where one of its ``own`` is near."""
    if line_labels().get(label) not in SHARED_FIELDS:
        return True
    near = [
        other
        for other in own
        if abs(place - other) <= _REACH and (title_at is None or (place < title_at) == (other < title_at))
    ]
    if not near:
        return False
    roofs = [roof for roof in islice(tree.ancestors(place), _LEVELS) if tree.tags[roof] not in ("body", "html")]
    return any(roof < other < tree.ends[roof] for roof in roofs for other in near)


SHARED_FIELDS = frozenset({"source", "publisher", "released", "updated", "counter", "credit", "tools", "column"})
"""Fields of an info line that an entry states as well; number, index and day of writing are the entry's own."""


def is_release_line(text: str) -> bool:
    """Whether a line is the info line: it counts visits or offers tools beside its labels."""
    names = {line_labels()[label.name] for label in line_labels_in(text)} if len(text) <= 300 else set()
    return bool(names & {"counter", "tools"}) or ("released" in names and "source" in names)


def _pairs_of_line(
    tree: Tree, lines: Sequence[Line], number: int, labels: Mapping[str, str]
) -> Iterable[tuple[str, str, int]]:
    line = lines[number]
    text = line.text
    label = bare_label(text) if len(text) <= 2 * _MAX_LABEL else ""
    if label in labels:
        # The line is the label alone: the value is the next cell, or the next line beside it.
        cell = _cell_of(tree, line.first, label)
        parted = has_colon(text)
        if cell is None:
            if parted:
                yield label, "", line.first
            return
        beside = _next_cell(tree, cell)
        if beside is None:
            if tree.tags[cell] in ("td", "th", "dt") or parted:
                yield label, "", line.first
            return
        value = tree.text(beside)
        if _starts_with_label(value, labels):
            value = ""
        yield label, value.lstrip(":： ")[:_MAX_VALUE], line.first
        return
    if not has_colon(text):
        yield from _parted_pairs(tree, line, labels)
        return
    yield from _inline_pairs(text, labels, line.first)


_PARTED_LABEL = 3
"""Characters of a label that no colon parts from its value, at least: shorter ones are words."""


def opens_with_label_element(tree: Tree, line: Line, labels: Mapping[str, str]) -> bool:
    """Whether an element of its own at the head of a line holds a label: ``<span>信息索引</span><span>9901</span>``."""
    label = bare_label(tree.texts[line.first])
    return len(label) >= _PARTED_LABEL and label in labels


def _parted_pairs(tree: Tree, line: Line, labels: Mapping[str, str]) -> Iterable[tuple[str, str, int]]:
    """Labels and values of a line that elements part and no colon does."""
    name, parts, place = "", [""], line.first
    for spot in range(line.first, line.last + 1):
        label = bare_label(tree.texts[spot]) if len(tree.texts[spot]) <= 2 * _MAX_LABEL else ""
        if len(label) >= _PARTED_LABEL and label in labels:
            if name:
                yield name, tidy("".join(parts))[:_MAX_VALUE], place
            name, parts, place = label, [], spot
        else:
            parts.append(tree.texts[spot])
    if name:
        yield name, tidy("".join(parts))[:_MAX_VALUE], place


def _inline_pairs(text: str, labels: Mapping[str, str], place: int) -> Iterable[tuple[str, str, int]]:
    """``索引号：X 文号：Y`` in one line. The first label must open the line."""
    spots = labels_in(text, labels)
    if not spots or text[: spots[0].start].strip(" [【(（|•·*"):
        return
    for n, spot in enumerate(spots):
        end = spots[n + 1].start if n + 1 < len(spots) else len(text)
        yield spot.name, text[spot.end : end].strip(" |｜[【;；")[:_MAX_VALUE], place


def _starts_with_label(text: str, labels: Mapping[str, str]) -> bool:
    head = COLON.split(text, maxsplit=1)[0]
    return len(head) <= 2 * _MAX_LABEL and bare_label(head) in labels and (has_colon(text) or head == text)


_CELL_TAGS = frozenset({"td", "th", "dt", "dd", "span", "label", "strong", "b", "em", "i", "p", "div", "li", "font"})


def _cell_of(tree: Tree, place: int, label: str) -> int | None:
    """The element that holds nothing but the label and has an element beside it for the value."""
    for current in tree.ancestors(place):
        tag = tree.tags[current]
        if tag in ("td", "th", "dt"):
            return current
        if (
            tag not in _CELL_TAGS
            or tree.ends[current] - current > _MAX_NODES
            or bare_label(tree.text(current)) != label
        ):
            return None
        if _next_cell(tree, current) is not None and (tag != "li" or _alternates(tree, current)):
            return current
    return None


def _alternates(tree: Tree, item: int) -> bool:
    """Whether the items of a list are labels and values by turns; in any other, an item holds a pair or nothing."""
    items = [place for place in tree.children(tree.parents[item]) if tree.tags[place] == "li"]
    if len(items) % 2 or len(items) > _MAX_NODES or items.index(item) % 2:
        return False
    known = [bare_label(tree.text(place)) in table_labels() for place in items]
    return sum(known[::2]) >= max(2, len(items) // 4) and not any(known[1::2])


_MAX_NODES = 24
"""A label's element is small; this spares the text of large ones."""


def _next_cell(tree: Tree, place: int) -> int | None:
    parent = tree.parents[place]
    if parent < 0:
        return None
    beside = tree.ends[place]
    while beside < tree.ends[parent]:
        if tree.tags[beside] and tree.tags[beside] not in ("br", "hr"):
            return beside
        beside = tree.ends[beside]
    return None
