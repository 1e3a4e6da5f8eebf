"""OFD (GB/T 33190-2016): a ZIP of XML in which every page says where its letters stand and which lines are drawn.

``OFD.xml`` -> ``Document.xml`` -> pages, each over its template. Positions are millimetres from the upper left corner.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from lxml import etree

from scrapers.reading.attachments.layout import Glyph, PageContent, elements, plain_char
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.page_flow import write_pages
from scrapers.reading.attachments.ruled import Rule
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.reading.attachments.unpacking import Unpacked, well_formed
from scrapers.records import FileOutcome, FileText

_POINTS = 72 / 25.4
_DEEPEST = 30
_FEW = 12
_PATH = re.compile(r"[MLSCQBAz]|-?\d+(?:\.\d+)?(?:[eE]-?\d+)?", re.I)
_Matrix = tuple[float, float, float, float, float, float]


def read_ofd(body: bytes, limits: Limits) -> FileText:
    """The text of an OFD. Raises :class:`FileTrouble`."""
    packed = Unpacked(body, limits)
    with well_formed("OFD"):
        if "OFD.xml" not in packed.names():
            raise FileTrouble(FileOutcome.TRUNCATED, "the archive has no OFD.xml")
        if any(posixpath.basename(name) == "Encryptions.xml" for name in packed.names()):
            raise FileTrouble(FileOutcome.ENCRYPTED, "the OFD opens with a password only")
        pages = list(_pages(packed, limits))
        laid = [elements(page) for page in pages]
    scanned = sum(len(page.glyphs) < _FEW and page.pictured > 0.5 for page in pages)
    if pages and scanned * 2 >= len(pages):
        raise FileTrouble(FileOutcome.NEEDS_OCR, f"{scanned} of {len(pages)} pages are pictures without text")
    text, blocks, tables, removed = write_pages(laid).finished()
    if not text:
        raise FileTrouble(FileOutcome.EMPTY, f"{len(pages)} pages without text or pictures")
    return FileText(FileOutcome.READ, text=text, blocks=blocks, tables=tables, removed=removed, pages=len(pages))


def _tag(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _found(root: etree._Element, name: str) -> Iterator[etree._Element]:
    return (element for element in root.iter() if _tag(element) == name)


def _pages(packed: Unpacked, limits: Limits) -> Iterator[PageContent]:
    number = letters = 0
    for root in _found(packed.xml("OFD.xml"), "DocRoot"):
        name = _located("", root.text or "")
        document = packed.xml(name)
        default = _box(next(_found(document, "PhysicalBox"), None))
        templates = {
            template.get("ID", ""): _located(name, template.get("BaseLoc", ""))
            for template in _found(document, "TemplatePage")
        }
        entries = [page for group in _found(document, "Pages") for page in group if _tag(page) == "Page"]
        if len(entries) > limits.max_pages:
            raise FileTrouble(FileOutcome.TOO_MANY_PAGES, f"{len(entries)} pages; at most {limits.max_pages} are read")
        for entry in entries:
            number += 1
            page = packed.xml(_located(name, entry.get("BaseLoc", "")))
            x, y, width, height = _box(next(_found(page, "PhysicalBox"), None)) or default or (0, 0, 210, 297)
            content = PageContent(number, width * _POINTS, height * _POINTS)
            above = (_POINTS, 0.0, 0.0, _POINTS, -x * _POINTS, -y * _POINTS)
            for template in _found(page, "Template"):
                part = templates.get(template.get("TemplateID", ""))
                if part in packed.names():
                    _draw(packed.xml(str(part)), above, content, 0)
            _draw(page, above, content, 0)
            letters += len(content.glyphs)
            if letters > limits.max_characters:
                raise FileTrouble(FileOutcome.TOO_LARGE, f"more than {limits.max_characters} characters")
            yield content


def _located(base: str, path: str) -> str:
    """A member's name from where it is named; it names a member and never a file."""
    if path.startswith("/"):
        return posixpath.normpath(path).lstrip("/")
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path)).lstrip("/")


def _numbers(text: str | None) -> list[float]:
    """Numbers as OFD lists them; ``g 3 2.5`` stands for ``2.5 2.5 2.5``."""
    numbers: list[float] = []
    words = iter((text or "").split())
    for word in words:
        if word == "g":
            times, value = int(next(words, "0")), float(next(words, "0"))
            numbers += [value] * min(times, 100_000)
        else:
            numbers.append(float(word))
    return numbers


def _box(element: etree._Element | None) -> tuple[float, float, float, float] | None:
    numbers = _numbers(element.text) if element is not None else []
    return (numbers[0], numbers[1], numbers[2], numbers[3]) if len(numbers) == 4 else None


def _times(inner: _Matrix, outer: _Matrix) -> _Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _at(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _draw(parent: etree._Element, above: _Matrix, content: PageContent, depth: int) -> None:
    if depth > _DEEPEST:
        raise FileTrouble(FileOutcome.UNSUPPORTED, f"elements nested more than {_DEEPEST} deep")
    for item in parent:
        tag = _tag(item)
        if tag not in ("TextObject", "PathObject", "ImageObject"):
            if tag not in ("Area", "Template", "PageRes", "Actions"):
                _draw(item, above, content, depth + 1)
            continue
        if (item.get("Visible") or "true").lower() == "false":
            continue
        boundary = _numbers(item.get("Boundary")) or [0.0, 0.0, 0.0, 0.0]
        matrix: _Matrix = (1, 0, 0, 1, boundary[0], boundary[1])
        own = _numbers(item.get("CTM"))
        if len(own) == 6:
            matrix = _times((own[0], own[1], own[2], own[3], own[4], own[5]), matrix)
        matrix = _times(matrix, above)
        if tag == "TextObject":
            _letters(item, matrix, content)
        elif tag == "PathObject":
            _lines(item, matrix, content)
        elif len(boundary) == 4:
            x0, y0 = _at(above, boundary[0], boundary[1])
            x1, y1 = _at(above, boundary[0] + boundary[2], boundary[1] + boundary[3])
            share = (x1 - x0) * (y1 - y0) / max(content.width * content.height, 1.0)
            content.pictured = min(1.0, content.pictured + max(0.0, share))


def _letters(item: etree._Element, matrix: _Matrix, content: PageContent) -> None:
    size = float(item.get("Size") or 0) or 3.5
    stretch = float(item.get("HScale") or 1) or 1
    slanted = abs(matrix[1]) > 0.1 * abs(matrix[0]) and abs(matrix[0]) > 0.1 * abs(matrix[1])
    x = y = 0.0
    for code in item:
        if _tag(code) != "TextCode":
            continue
        text = code.text or ""
        x, y = float(code.get("X") or x), float(code.get("Y") or y)
        right, down = _numbers(code.get("DeltaX")), _numbers(code.get("DeltaY"))
        if slanted:
            content.slanted += text
            continue
        at_x, at_y = x, y
        spaced = False
        for number, raw in enumerate(text):
            char = plain_char(ord(raw))
            wide = (0.5 if raw.isascii() else 1.0) * size * stretch
            if not char or char.isspace():
                spaced = spaced or bool(char)
            else:
                x0, top = _at(matrix, at_x, at_y - 0.88 * size)
                x1, bottom = _at(matrix, at_x + wide, at_y + 0.12 * size)
                content.glyphs.append(Glyph(char, min(x0, x1), min(top, bottom), max(x0, x1), max(top, bottom), spaced))
                spaced = False
            if number < len(right) or number < len(down):
                at_x += right[number] if number < len(right) else 0.0
                at_y += down[number] if number < len(down) else 0.0
            elif not down:
                at_x += right[-1] if right else wide


def _lines(item: etree._Element, matrix: _Matrix, content: PageContent) -> None:
    if (item.get("Stroke") or "true").lower() == "false" and (item.get("Fill") or "false").lower() == "false":
        return
    data = next((child.text or "" for child in item if _tag(child) == "AbbreviatedData"), "")
    words = _PATH.findall(data)
    at = 0
    start: tuple[float, float] | None = None
    before: tuple[float, float] | None = None
    counts = {"M": 2, "S": 2, "L": 2, "Q": 4, "B": 6, "C": 0, "A": 7}
    while at < len(words) and len(content.rules) < 100_000:
        command = words[at].upper()
        at += 1
        if command not in counts:
            if command == "Z" and before is not None and start is not None:
                _rule(content, before, start)
            continue
        numbers = [float(word) for word in words[at : at + counts[command]]]
        at += counts[command]
        if command == "C":
            if before is not None and start is not None:
                _rule(content, before, start)
            before = start
            continue
        if len(numbers) < 2:
            break
        point = _at(matrix, numbers[-2], numbers[-1])
        if command == "L" and before is not None:
            _rule(content, before, point)
        if command in ("M", "S"):
            start = point
        before = point


def _rule(content: PageContent, one: tuple[float, float], other: tuple[float, float]) -> None:
    x0, x1 = sorted((one[0], other[0]))
    top, bottom = sorted((one[1], other[1]))
    if min(x1 - x0, bottom - top) <= 1 < max(x1 - x0, bottom - top):
        content.rules.append(Rule(x0, top, x1, bottom))
