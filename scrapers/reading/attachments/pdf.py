"""PDF: pdfium says where each letter stands and which lines are drawn; the rest is ``layout`` and ``page_flow``."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator

import pypdfium2
import pypdfium2.raw as pdfium

from scrapers.reading.attachments.layout import Element, Glyph, PageContent, elements, plain_char
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.narrow_text import NarrowText
from scrapers.reading.attachments.page_flow import write_pages
from scrapers.reading.attachments.ruled import Rule
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.records import FileOutcome, FileText, Flag

_THIN = 3.0
"""Points: a filled rectangle as thin as this is a drawn line."""
_DEEPEST = 8
"""Forms inside forms."""
_MOST_OBJECTS = 60_000
"""Drawings looked at on one page: a map has no table."""
_SCANNED = 0.5
"""Share of a page that a picture covers where the page is a scan."""
_FEW = 12
"""Letters on a page under which it says nothing: a page number, a stamp."""
_UNMAPPED = 0.3
"""Share of glyphs without a letter from which the text is not readable."""
_ONE_BYTE = 0x100
"""Codes under this may be of fonts with an encoding of their own, where the number mostly is the letter."""
_QUARTERS = (math.pi / 2, math.pi, 1.5 * math.pi)
_WHITE = frozenset(" \t\r\n\u00a0\u2002\u2003\u2009\u3000\u200b")


def read_pdf(body: bytes, limits: Limits) -> FileText:
    """The text of a PDF. Raises :class:`FileTrouble`."""
    document = open_pdf(body)
    try:
        return _read(document, limits)
    finally:
        document.close()


def open_pdf(body: bytes) -> pypdfium2.PdfDocument:
    """The document, to be closed by the caller. Raises :class:`FileTrouble`."""
    if body[-2048:].find(b"%%EOF") < 0 and body[-2048:].find(b"startxref") < 0:
        raise FileTrouble(FileOutcome.TRUNCATED, "the end of the file is missing (no %%EOF)")
    try:
        return pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        code = getattr(error, "err_code", None)
        if code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise FileTrouble(FileOutcome.ENCRYPTED, "the PDF opens with a password only") from error
        raise FileTrouble(FileOutcome.TRUNCATED, f"damaged: {error}") from error


def without_system_fonts() -> None:
    """Let pdfium have no fonts but a file's own and those it brings, from now on in this process: what it measures in a
    font that a file does not hold is then the same on every machine. Nothing is to be drawn in this process."""
    pdfium.FPDF_SetSystemFontInfo(None)


def is_scanned(content: PageContent) -> bool:
    """Whether a page is a picture with hardly a letter."""
    return len(content.glyphs) < _FEW and content.pictured >= _SCANNED


def is_unmapped(unmapped: int, letters: int) -> bool:
    """Whether so many glyphs are of unknown letters that what there is cannot be read."""
    return bool(unmapped) and unmapped > _UNMAPPED * (unmapped + letters)


def _read(document: pypdfium2.PdfDocument, limits: Limits) -> FileText:
    count = len(document)
    if count == 0:
        raise FileTrouble(FileOutcome.TRUNCATED, "the PDF has no page")
    if count > limits.max_pages:
        raise FileTrouble(FileOutcome.TOO_MANY_PAGES, f"{count} pages; at most {limits.max_pages} are read")
    pages: list[list[Element]] = []
    scanned: list[int] = []
    torn: list[int] = []
    watermarks: dict[str, int] = {}
    letters = unmapped = 0
    for number in range(1, count + 1):
        try:
            page = document[number - 1]
        except pypdfium2.PdfiumError:
            torn.append(number)
            continue
        try:
            content = page_content(page, number)
        finally:
            page.close()
        letters += len(content.glyphs)
        unmapped += content.unmapped
        if letters > limits.max_characters:
            raise FileTrouble(FileOutcome.TOO_LARGE, f"more than {limits.max_characters} characters")
        if is_scanned(content):
            scanned.append(number)
        if slanted := " ".join(content.slanted.split()):
            watermarks.setdefault(slanted, number)
        pages.append(elements(content))
    if torn:
        raise FileTrouble(FileOutcome.TRUNCATED, f"damaged: pages {_numbers(torn)} of {count} are missing")
    if scanned and 2 * len(scanned) >= count:
        raise FileTrouble(FileOutcome.NEEDS_OCR, f"{len(scanned)} of {count} pages are pictures without text")
    if is_unmapped(unmapped, letters):
        raise FileTrouble(
            FileOutcome.NEEDS_OCR, f"the fonts do not say which letters {unmapped} of {unmapped + letters} glyphs are"
        )
    text, blocks, tables, removed = write_pages(pages, watermarks).finished()
    if not text.strip():
        raise FileTrouble(FileOutcome.EMPTY, f"{count} pages without text or pictures")
    flags = []
    if scanned:
        flags.append(Flag("scanned_pages", f"pages {_numbers(scanned)} of {count} are pictures"))
    if unmapped:
        flags.append(Flag("letters_unknown", f"{unmapped} glyphs of which the fonts do not say what they are"))
    return FileText(
        FileOutcome.READ, text=text, blocks=blocks, tables=tables, removed=removed, pages=count, flags=tuple(flags)
    )


def _numbers(pages: list[int]) -> str:
    shown = ", ".join(map(str, pages[:10]))
    return shown if len(pages) <= 10 else f"{shown} and {len(pages) - 10} more"


def page_content(page: pypdfium2.PdfPage, number: int) -> PageContent:
    """Letters, drawn lines and pictures of a page, turned as a reader sees it."""
    left, bottom, right, top = page.get_cropbox()
    turn = _Turn(page.get_rotation(), left, bottom, right, top)
    content = PageContent(number, turn.width, turn.height)
    _letters(page, turn, content)
    rules: list[Rule] = []
    covered = 0.0
    for kind, box in _drawings(page, turn):
        if kind is None:
            covered += max(0.0, min(box.x1, turn.width) - max(box.x0, 0.0)) * max(
                0.0, min(box.bottom, turn.height) - max(box.top, 0.0)
            )
        else:
            rules.append(box)
    content.rules = rules
    content.pictured = min(1.0, covered / max(turn.width * turn.height, 1.0))
    return content


class _Turn:
    """From a page's own coordinates (up, before rotation) to those of ``layout`` (down, as shown)."""

    def __init__(self, degrees: int, left: float, bottom: float, right: float, top: float) -> None:
        self.degrees = degrees % 360
        self.left, self.bottom, self.right, self.top = left, bottom, right, top
        upright = self.degrees in (0, 180)
        self.width = right - left if upright else top - bottom
        self.height = top - bottom if upright else right - left

    def box(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        """``x0, top, x1, bottom`` of a box given by two of its corners."""
        xs, ys = zip(self._point(x0, y0), self._point(x1, y1), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def _point(self, x: float, y: float) -> tuple[float, float]:
        if self.degrees == 90:
            return y - self.bottom, x - self.left
        if self.degrees == 180:
            return self.right - x, y - self.bottom
        if self.degrees == 270:
            return self.top - y, self.right - x
        return x - self.left, self.top - y


def _letters(page: pypdfium2.PdfPage, turn: _Turn, content: PageContent) -> None:
    narrow = NarrowText(page)
    textpage = page.get_textpage()
    raw = textpage.raw
    box = pdfium.FS_RECTF()
    pointer = ctypes.byref(box)
    unicode_of, generated = pdfium.FPDFText_GetUnicode, pdfium.FPDFText_IsGenerated
    loose, angle_of, unmapped = (
        pdfium.FPDFText_GetLooseCharBox,
        pdfium.FPDFText_GetCharAngle,
        pdfium.FPDFText_HasUnicodeMapError,
    )
    upright = math.radians(-turn.degrees % 360)
    straight, left, ceiling = turn.degrees == 0, turn.left, turn.top
    glyphs = content.glyphs
    slanted: list[str] = []
    spaced = False
    try:
        for index in range(pdfium.FPDFText_CountChars(raw)):
            code = unicode_of(raw, index)
            char = plain_char(code)
            if code >= _ONE_BYTE and unmapped(raw, index) == 1:
                char = ""  # pdfium gives the number of the glyph, which would read as some letter
            unknown = not char or code == 0xFFFD or 0xE000 <= code < 0xF900
            if (unknown or char in _WHITE) and narrow.draws_nothing(raw, index, unknown=unknown):
                continue
            if char in _WHITE or not char:
                if not char and code not in (0x0D, 0x0A, 0xAD, 0x02, 0xFEFF) and generated(raw, index) == 0:
                    content.unmapped += unmapped(raw, index) == 1 or code == 0
                spaced = spaced or (char in _WHITE and char != "" and generated(raw, index) == 0)
                continue
            if generated(raw, index) == 1 or not loose(raw, index, pointer):
                continue
            if unknown:
                content.unmapped += 1
            lean = (angle_of(raw, index) - upright) % math.tau
            if 0.1 < lean < math.tau - 0.1 and min(abs(lean - quarter) for quarter in _QUARTERS) > 0.1:
                slanted.append(char)
                continue
            if straight:
                place = box.left - left, ceiling - box.top, box.right - left, ceiling - box.bottom
            else:
                place = turn.box(box.left, box.top, box.right, box.bottom)
            glyphs.append(Glyph(char, *place, spaced))
            spaced = False
    finally:
        textpage.close()
    content.slanted = "".join(slanted)


def _drawings(page: pypdfium2.PdfPage, turn: _Turn) -> Iterator[tuple[str | None, Rule]]:
    """Straight lines drawn on the page (``"line"``), and boxes of its pictures (``None``)."""
    budget = _MOST_OBJECTS
    stack = [
        (pdfium.FPDFPage_GetObject(page.raw, n), _IDENTITY, 0) for n in range(pdfium.FPDFPage_CountObjects(page.raw))
    ]
    while stack and budget:
        budget -= 1
        item, outer, depth = stack.pop()
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        matrix = _times(_matrix(item), outer)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            for n in range(pdfium.FPDFFormObj_CountObjects(item)):
                stack.append((pdfium.FPDFFormObj_GetObject(item, n), matrix, depth + 1))
        elif kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            corners = [_apply(matrix, x, y) for x, y in ((0, 0), (1, 0), (0, 1), (1, 1))]
            xs, ys = [x for x, _ in corners], [y for _, y in corners]
            yield None, Rule(*turn.box(min(xs), min(ys), max(xs), max(ys)))
        elif kind == pdfium.FPDF_PAGEOBJ_PATH:
            yield from (("line", rule) for rule in _lines_of(item, matrix, turn))


_Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: _Matrix = (1, 0, 0, 1, 0, 0)


def _matrix(item: object) -> _Matrix:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(item, ctypes.byref(found)):
        return _IDENTITY
    return found.a, found.b, found.c, found.d, found.e, found.f


def _times(inner: _Matrix, outer: _Matrix) -> _Matrix:
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _apply(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _lines_of(item: object, matrix: _Matrix, turn: _Turn) -> Iterator[Rule]:
    """Straight lines of a path: those that are stroked, and rectangles so thin that they are lines."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(item, ctypes.byref(fill), ctypes.byref(stroke)):
        return
    x, y = ctypes.c_float(), ctypes.c_float()
    corners: list[tuple[float, float]] = []
    strokes: list[Rule] = []
    start: tuple[float, float] | None = None
    before: tuple[float, float] | None = None
    for n in range(min(pdfium.FPDFPath_CountSegments(item), 20_000)):
        segment = pdfium.FPDFPath_GetPathSegment(item, n)
        if not pdfium.FPDFPathSegment_GetPoint(segment, ctypes.byref(x), ctypes.byref(y)):
            continue
        point = _apply(matrix, x.value, y.value)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            yield from _thin(corners, turn)
            corners, start = [point], point
        else:
            if kind == pdfium.FPDF_SEGMENT_LINETO and before is not None:
                strokes.append(Rule(*turn.box(*before, *point)))
            corners.append(point)
        before = point
        if pdfium.FPDFPathSegment_GetClose(segment) and start is not None:
            strokes.append(Rule(*turn.box(*before, *start)))
            before = start
    yield from _thin(corners, turn)
    if stroke.value:
        for rule in strokes:
            if min(rule.x1 - rule.x0, rule.bottom - rule.top) <= 1:
                yield rule


def _thin(corners: list[tuple[float, float]], turn: _Turn) -> Iterator[Rule]:
    if len(corners) < 4:
        return
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    x0, top, x1, bottom = turn.box(min(xs), min(ys), max(xs), max(ys))
    if bottom - top <= _THIN < x1 - x0:
        middle = (top + bottom) / 2
        yield Rule(x0, middle, x1, middle)
    elif x1 - x0 <= _THIN < bottom - top:
        middle = (x0 + x1) / 2
        yield Rule(middle, top, middle, bottom)
