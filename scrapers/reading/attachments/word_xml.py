"""DOCX ([ECMA-376] WordprocessingML): paragraphs with their automatic numbers, and tables with their merged cells.

Read from the XML itself: text inside content controls, smart tags and tracked insertions is text, which libraries that
walk runs alone leave out; so is what a list numbers by itself (一、 is often nowhere in the text). Macros are never
looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from scrapers.reading.attachments.edged_rows import EdgedRow, write_table
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.numerals import numeral
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.reading.attachments.unpacking import Unpacked, well_formed
from scrapers.reading.attachments.writing import Writing
from scrapers.records import FileOutcome, FileText, Flag

_SKIPPED = frozenset(
    {"del", "moveFrom", "instrText", "delText", "pPr", "rPr", "sectPr", "tblPr", "tblGrid", "trPr", "tcPr", "drawing"}
    | {
        "pict",
        "object",
        "sdtPr",
        "sdtEndPr",
        "footnoteReference",
        "endnoteReference",
        "commentReference",
        "Fallback",
        "fldData",
        "rt",
    }
)
_DEEPEST = 60
_UNSTATED = 1000
"""Twips of a column whose width the table does not state."""


def read_docx(body: bytes, limits: Limits) -> FileText:
    """The text of a DOCX. Raises :class:`FileTrouble`."""
    packed = Unpacked(body, limits)
    name = _main_part(packed)
    root = packed.xml(name)
    with well_formed("document"):
        numbering = _Numbering.of(packed, name)
        walk = _Walk(numbering)
        content = next((child for child in root if _tag(child) == "body"), None)
        if content is None:
            raise FileTrouble(FileOutcome.TRUNCATED, f"{name} has no body")
        walk.blocks(content)
    text, blocks, tables, removed = walk.writing.finished()
    pictures = sum(1 for member in packed.names() if "/media/" in member)
    if not text:
        if pictures:
            raise FileTrouble(FileOutcome.NEEDS_OCR, f"no text, {pictures} pictures")
        raise FileTrouble(FileOutcome.EMPTY, "no text and no pictures")
    if len(text) > limits.max_characters:
        raise FileTrouble(FileOutcome.TOO_LARGE, f"more than {limits.max_characters} characters")
    flags = (Flag("tracked_changes", "deleted text is left out, inserted text is in"),) if walk.tracked else ()
    pages = walk.page if walk.rendered else None
    return FileText(
        FileOutcome.READ, text=text, blocks=blocks, tables=tables, removed=removed, pages=pages, flags=flags
    )


def _main_part(packed: Unpacked) -> str:
    names = set(packed.names())
    if "_rels/.rels" in names:
        for relation in packed.xml("_rels/.rels"):
            if str(relation.get("Type", "")).endswith("/officeDocument"):
                target = str(relation.get("Target", "")).lstrip("/")
                if target in names:
                    return target
    if "word/document.xml" in names:
        return "word/document.xml"
    raise FileTrouble(FileOutcome.TRUNCATED, "the archive has no word/document.xml")


def _tag(element: etree._Element) -> str:
    name = element.tag
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _value(element: etree._Element | None, name: str = "val") -> str | None:
    """An attribute without regard to its namespace: strict and transitional documents differ in it."""
    if element is None:
        return None
    return next((str(value) for key, value in element.attrib.items() if str(key).rpartition("}")[2] == name), None)


def _child(element: etree._Element | None, *path: str) -> etree._Element | None:
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if _tag(child) == name), None)
    return element


@dataclass(slots=True)
class _Walk:
    numbering: _Numbering
    writing: Writing = field(default_factory=Writing)
    page: int = 1
    rendered: bool = False
    """Word has noted where its pages began."""
    tracked: bool = False
    boxes: list[etree._Element] = field(default_factory=list)
    """Text boxes anchored in the paragraph at hand."""

    def blocks(self, parent: etree._Element, depth: int = 0) -> None:
        """Paragraphs and tables under ``parent``, whatever wraps them."""
        if depth > _DEEPEST:
            raise FileTrouble(FileOutcome.UNSUPPORTED, f"elements nested more than {_DEEPEST} deep")
        for child in parent:
            tag = _tag(child)
            if tag == "p":
                page = self.page
                self.writing.lines(self.paragraph(child), page if self.rendered else None)
                boxes, self.boxes = self.boxes, []
                for box in boxes:
                    self.blocks(box, depth + 1)
            elif tag == "tbl":
                self.table(child, depth + 1)
            elif tag not in _SKIPPED:
                self.blocks(child, depth + 1)

    def paragraph(self, paragraph: etree._Element) -> str:
        text = "".join(self.pieces(paragraph, 0))
        number = self.numbering.number(paragraph) if text.strip() else ""
        return number + text.strip() if number else text

    def pieces(self, parent: etree._Element, depth: int) -> Iterator[str]:
        if depth > _DEEPEST:
            raise FileTrouble(FileOutcome.UNSUPPORTED, f"elements nested more than {_DEEPEST} deep")
        for child in parent:
            tag = _tag(child)
            if tag == "t":
                yield child.text or ""
            elif tag in ("tab", "ptab"):
                yield " "
            elif tag in ("br", "cr"):
                if _value(child, "type") == "page":
                    self.page += not self.rendered
                yield "\n"
            elif tag == "noBreakHyphen":
                yield "-"
            elif tag == "lastRenderedPageBreak":
                self.rendered = True
                self.page += 1
            elif tag == "txbxContent":
                self.boxes.append(child)
            elif tag in ("drawing", "pict", "object"):
                self.boxes.extend(_outermost_boxes(child))
            elif tag in _SKIPPED:
                self.tracked = self.tracked or tag in ("del", "moveFrom")
            else:
                yield from self.pieces(child, depth + 1)

    def table(self, table: etree._Element, depth: int) -> None:
        page = self.page if self.rendered else None
        edges = _grid_edges(table)
        rows: list[EdgedRow] = []
        for row in _rows(table):
            texts: list[str] = []
            places: list[int] = []
            above: list[bool] = []
            column = int(_value(_child(row, "trPr", "gridBefore")) or 0)
            if column:  # the row begins further in
                texts, places, above = [""], [0], [False]
            for cell in _cells(row):
                wide = max(1, min(int(_value(_child(cell, "tcPr", "gridSpan")) or 1), 200))
                merged = _child(cell, "tcPr", "vMerge")
                goes_on = merged is not None and (_value(merged) or "continue") == "continue" and bool(rows)
                texts.append("" if goes_on else self.cell(cell, depth))
                places.append(column)
                above.append(goes_on)
                column += wide
            while len(edges) <= column:  # a grid that states fewer columns than there are
                edges.append((edges[-1] if edges else 0) + _UNSTATED)
            if texts:
                rows.append(EdgedRow(tuple(texts), tuple(edges[place] for place in (*places, column)), tuple(above)))
        if rows:
            write_table(self.writing, rows, page)

    def cell(self, cell: etree._Element, depth: int) -> str:
        """The text of a cell on one line: paragraphs of Chinese join without a blank."""
        inner = _Walk(self.numbering, page=self.page)
        inner.blocks(cell, depth)
        self.page, self.rendered = inner.page, self.rendered or inner.rendered
        self.tracked = self.tracked or inner.tracked
        text, *_ = inner.writing.finished()
        parts = [part for line in text.split("\n") for part in line.split("\t") if part]
        out = ""
        for part in parts:
            latin = out[-1:].isascii() and part[:1].isascii() and out[-1:].isalnum() and part[:1].isalnum()
            out = f"{out} {part}" if out and latin else out + part
        return out


def _outermost_boxes(drawing: etree._Element) -> Iterator[etree._Element]:
    for child in drawing:
        if _tag(child) == "txbxContent":
            yield child
        elif _tag(child) != "Fallback":
            yield from _outermost_boxes(child)


def _grid_edges(table: etree._Element) -> list[int]:
    """Where the table's columns begin and end, in twips; a column as narrow as a hair comes of rounding."""
    grid = _child(table, "tblGrid")
    widths = [_value(column, "w") for column in grid if _tag(column) == "gridCol"] if grid is not None else []
    stated = [int(float(width)) if width else 0 for width in widths]
    if not any(stated):
        stated = [_UNSTATED] * len(stated)
    edges = [0]
    for width in stated:
        edges.append(edges[-1] + max(width, 0))
    return edges


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    for child in table:
        if _tag(child) == "tr":
            if _child(child, "trPr", "del") is None:
                yield child
        elif _tag(child) not in _SKIPPED and _tag(child) != "tbl":
            yield from _rows(child)


def _cells(row: etree._Element) -> Iterator[etree._Element]:
    for child in row:
        if _tag(child) == "tc":
            yield child
        elif _tag(child) not in _SKIPPED:
            yield from _cells(child)


# ------------------------------------------------------------------------------------------------ automatic numbers


@dataclass(frozen=True, slots=True)
class _Level:
    form: str
    pattern: str
    start: int


@dataclass(slots=True)
class _Numbering:
    """What lists count by themselves."""

    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    """numId -> level -> how it numbers."""
    lists: dict[str, str] = field(default_factory=dict)
    """numId -> the list whose counters it shares."""
    styles: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Paragraph style -> numId and level."""
    counters: defaultdict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    @classmethod
    def of(cls, packed: Unpacked, main: str) -> _Numbering:
        folder = main.rpartition("/")[0]
        made = cls()
        if f"{folder}/numbering.xml" in packed.names():
            made._read_lists(packed.xml(f"{folder}/numbering.xml"))
        if made.levels and f"{folder}/styles.xml" in packed.names():
            made._read_styles(packed.xml(f"{folder}/styles.xml"))
        return made

    def _read_lists(self, root: etree._Element) -> None:
        abstract: dict[str, dict[int, _Level]] = {}
        for definition in root:
            if _tag(definition) == "abstractNum":
                abstract[_value(definition, "abstractNumId") or ""] = dict(
                    _level(level) for level in definition if _tag(level) == "lvl"
                )
            elif _tag(definition) == "num":
                number = _value(definition, "numId") or ""
                base = _value(_child(definition, "abstractNumId")) or ""
                levels = dict(abstract.get(base, {}))
                restarted = False
                for override in definition:
                    if _tag(override) != "lvlOverride":
                        continue
                    index = int(_value(override, "ilvl") or 0)
                    own = _child(override, "lvl")
                    if own is not None:
                        levels[index] = _level(own)[1]
                    start = _value(_child(override, "startOverride"))
                    if start is not None and index in levels:
                        restarted = True
                        levels[index] = _Level(levels[index].form, levels[index].pattern, int(start))
                self.levels[number] = levels
                self.lists[number] = f"num {number}" if restarted else f"abstract {base}"

    def _read_styles(self, root: etree._Element) -> None:
        for style in root:
            number = _value(_child(style, "pPr", "numPr", "numId"))
            if number is not None:
                level = int(_value(_child(style, "pPr", "numPr", "ilvl")) or 0)
                self.styles[_value(style, "styleId") or ""] = (number, level)

    def number(self, paragraph: etree._Element) -> str:
        """What the list puts before a paragraph; ``""`` for none, and for bullets."""
        if not self.levels:
            return ""
        own = _child(paragraph, "pPr", "numPr")
        styled = self.styles.get(_value(_child(paragraph, "pPr", "pStyle")) or "")
        number = _value(_child(own, "numId")) or (styled[0] if styled else None)
        if number is None or number == "0" or number not in self.levels:
            return ""
        level = int(_value(_child(own, "ilvl")) or (styled[1] if styled else 0))
        levels = self.levels[number]
        if level not in levels:
            return ""
        counters = self.counters[self.lists[number]]
        counters[level] = counters.get(level, levels[level].start - 1) + 1
        for deeper in [one for one in counters if one > level]:
            del counters[deeper]
        if levels[level].form in ("bullet", "none"):
            return ""
        text = levels[level].pattern
        for index in range(level + 1):
            if f"%{index + 1}" in text and index in levels:
                shown = numeral(counters.get(index, levels[index].start), levels[index].form)
                text = text.replace(f"%{index + 1}", shown)
        return text


def _level(level: etree._Element) -> tuple[int, _Level]:
    return int(_value(level, "ilvl") or 0), _Level(
        _value(_child(level, "numFmt")) or "decimal",
        _value(_child(level, "lvlText")) or "",
        int(_value(_child(level, "start")) or 1),
    )
