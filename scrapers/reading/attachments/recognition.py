"""Scans -> :class:`FileText`: pages are drawn by pdfium, their lines recognised by an engine, and put in order as the
letters of any other page.

The engine is rapidocr, an optional extra that brings its models in its wheel: nothing is ever downloaded. It is
imported where it is used, in the process that may die (``file_reader.FileReader`` with ``recognising``); without it
every other reader works as before. Pages of the file that have letters of their own keep them.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2

from scrapers.errors import ForeseenError
from scrapers.reading.attachments.drawn_rules import drawn_rules
from scrapers.reading.attachments.file_types import FileType, file_type
from scrapers.reading.attachments.layout import Element, Glyph, PageContent, elements
from scrapers.reading.attachments.limits import MEBIBYTE, Limits
from scrapers.reading.attachments.packed import only_document
from scrapers.reading.attachments.page_flow import write_pages
from scrapers.reading.attachments.pdf import is_scanned, is_unmapped, open_pdf, page_content
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.records import FileOutcome, FileText, Flag

Picture = npt.NDArray[np.uint8]
"""Height x width x 3, blue first."""

RECOGNITION_LIMITS = Limits(max_pages=200, seconds=3600.0, cpu_seconds=4 * 3600.0, memory=4096 * MEBIBYTE)
"""Recognising takes 7 to 12 s a page on two cores, and 1 GiB."""
LEAST_CONFIDENCE = 0.9
"""Mean over the lines of a file under which its text is not taken: docs/files.md has what was measured."""
RECOGNISED = "recognised"
"""Flag, and ``text_origin``, of a text that an engine made of pictures."""
POOR_PAGES = "recognised_poorly"
"""Flag that names the pages whose own mean is under :data:`LEAST_CONFIDENCE`."""
LINES_LEFT_OUT = "lines_not_recognised"
"""Flag with the number of lines that were seen and not understood."""
MISSING = "text of scans needs an optional extra: pip install 'nianbao[ocr]'"

_UNDERSTOOD = 0.5
"""Confidence under which a line is a stamp, a signature or dirt, and not a text."""
_SAME_HEAD = 0.7
"""Share of a row of a table's head that is the same on the next page: engines miss short labels."""
_DOTS_PER_INCH = 150
_LONGEST_SIDE = 2_400
"""Dots of a page at most, whatever size it states."""
_PAGE_WIDTH, _PAGE_HEIGHT = 595.0, 842.0
"""Points of an A4 page, which a picture without a size is taken for."""
_MOST_DOTS = 60_000_000
"""Dots of a picture at most."""


@dataclass(frozen=True, slots=True)
class RecognisedLine:
    """A line that an engine saw; coordinates are dots of the picture, from its upper left corner."""

    text: str
    confidence: float
    x0: float
    top: float
    x1: float
    bottom: float


RecogniseLines = Callable[[Picture], Sequence[RecognisedLine]]


class EngineMissingError(ForeseenError):
    """The engine is not installed, or without its models."""


def engine_version() -> str:
    """Name and version of the engine, such as ``rapidocr 3.10.0``. Raises :class:`EngineMissingError`."""
    if importlib.util.find_spec("rapidocr") is None or importlib.util.find_spec("onnxruntime") is None:
        raise EngineMissingError(MISSING)
    version = importlib.metadata.version("rapidocr")
    _models()
    return f"rapidocr {version}"


def _models() -> dict[str, str]:
    """The models of the wheel by task. Naming each keeps the engine from looking for them elsewhere.

    Raises :class:`EngineMissingError`.
    """
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise EngineMissingError(MISSING)
    folder = Path(spec.origin).parent / "models"
    found = {}
    for task in ("det", "rec", "cls"):
        paths = sorted(folder.glob(f"*_{task}_*.onnx"))
        if len(paths) != 1:
            raise EngineMissingError(
                f"{folder} has {len(paths)} models for {task}, not one; install it anew: {MISSING}"
            )
        found[task] = str(paths[0])
    return found


@cache
def _engine() -> Any:
    models = _models()
    try:
        from rapidocr import RapidOCR
    except ImportError as error:
        raise EngineMissingError(f"{error}; {MISSING}") from error
    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.text_score": 0.0,  # what is left out is counted here
            "Det.model_path": models["det"],
            "Rec.model_path": models["rec"],
            "Cls.model_path": models["cls"],
        }
    )


def recognise_lines(picture: Picture) -> list[RecognisedLine]:
    """The lines of a picture by rapidocr. Raises :class:`EngineMissingError`."""
    found = _engine()(picture)
    if found.boxes is None or found.txts is None:
        return []
    return [
        RecognisedLine(
            text,
            float(score),
            float(box[:, 0].min()),
            float(box[:, 1].min()),
            float(box[:, 0].max()),
            float(box[:, 1].max()),
        )
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True)
    ]


def recognise_file(
    body: bytes,
    limits: Limits = RECOGNITION_LIMITS,
    recognise: RecogniseLines = recognise_lines,
    *,
    engine: str | None = None,
) -> FileText:
    """The text of a scan: PDF, picture, or an archive with one of them.

    ``engine`` is what is said to have recognised it. Where the mean confidence is under :data:`LEAST_CONFIDENCE`, the
    outcome stays ``needs_ocr`` with the reason, and there is no text. Raises :class:`EngineMissingError`; no file makes
    it raise.
    """
    said = engine or engine_version()
    try:
        return _recognised(body, limits, recognise, said, packed=False)
    except FileTrouble as trouble:
        return FileText(trouble.outcome, detail=trouble.detail)


def _recognised(body: bytes, limits: Limits, recognise: RecogniseLines, engine: str, *, packed: bool) -> FileText:
    kind = file_type(body)
    if kind in (FileType.ZIP, FileType.RAR) and not packed:
        member = only_document(body, kind, limits)
        found = _recognised(member.body, limits, recognise, engine, packed=True)
        return replace(found, member=member.name)
    if kind is FileType.PDF:
        pages = _pages_of_pdf(body, limits, recognise)
    elif kind is FileType.IMAGE:
        pages = iter([_page_of_picture(body, recognise)])
    else:
        raise FileTrouble(
            FileOutcome.NEEDS_OCR, f"pictures in {kind or 'this type'} are not recognised: only PDF and pictures are"
        )
    return _written(list(pages), kind, engine)


@dataclass(frozen=True, slots=True)
class _Page:
    number: int
    elements: list[Element]
    confidences: tuple[float, ...] | None
    """Of its lines; ``None`` for a page whose letters are its own."""
    left_out: int = 0


def _written(pages: Sequence[_Page], kind: FileType, engine: str) -> FileText:
    scanned = [page for page in pages if page.confidences is not None]
    lines = [one for page in scanned for one in page.confidences or ()]
    if not lines:
        raise FileTrouble(FileOutcome.NEEDS_OCR, f"{engine} sees no line on {len(scanned)} pages of pictures")
    confidence = round(statistics.fmean(lines), 4)
    if confidence < LEAST_CONFIDENCE:
        detail = f"{engine} has a confidence of {confidence:.2f}, less than {LEAST_CONFIDENCE:.2f}: not taken"
        return FileText(FileOutcome.NEEDS_OCR, file_type=kind.value, detail=detail, pages=len(pages))
    text, blocks, tables, removed = write_pages([page.elements for page in pages], same_head=_SAME_HEAD).finished()
    if not text.strip():
        raise FileTrouble(FileOutcome.NEEDS_OCR, f"{engine} sees page numbers alone")
    means = {page.number: statistics.fmean(page.confidences) for page in scanned if page.confidences}
    by_page = ", ".join(f"{number}: {mean:.2f}" for number, mean in list(means.items())[:50])
    flags = [
        Flag(
            RECOGNISED,
            f"{engine}, {len(scanned)} of {len(pages)} pages, confidence {confidence:.2f} (by page {by_page})",
        )
    ]
    poor = [f"{number} ({mean:.2f})" for number, mean in means.items() if mean < LEAST_CONFIDENCE]
    if poor:
        flags.append(Flag(POOR_PAGES, f"pages {', '.join(poor)}"))
    if left_out := sum(page.left_out for page in scanned):
        flags.append(Flag(LINES_LEFT_OUT, f"{left_out} lines of a confidence under {_UNDERSTOOD:g}, such as seals"))
    return FileText(
        FileOutcome.READ,
        file_type=kind.value,
        text=text,
        blocks=blocks,
        tables=tables,
        removed=removed,
        pages=len(pages),
        flags=tuple(flags),
        confidence=confidence,
    )


def _pages_of_pdf(body: bytes, limits: Limits, recognise: RecogniseLines) -> Iterator[_Page]:
    document = open_pdf(body)
    try:
        count = len(document)
        if count > limits.max_pages:
            raise FileTrouble(FileOutcome.NEEDS_OCR, f"{count} pages; at most {limits.max_pages} are recognised")
        if count == 0:
            raise FileTrouble(FileOutcome.TRUNCATED, "the PDF has no page")
        contents = [_content(document, number) for number in range(1, count + 1)]
        unreadable = is_unmapped(sum(one.unmapped for one in contents), sum(len(one.glyphs) for one in contents))
        for content in contents:
            if not unreadable and not is_scanned(content):
                yield _Page(content.number, elements(content), None)
                continue
            page = document[content.number - 1]
            try:
                scale = min(_DOTS_PER_INCH / 72, _LONGEST_SIDE / max(content.width, content.height, 1.0))
                picture = page.render(scale=scale).to_numpy()[:, :, :3]
            finally:
                page.close()
            yield _page(content.number, np.ascontiguousarray(picture), content.width, content.height, recognise)
    finally:
        document.close()


def _content(document: pypdfium2.PdfDocument, number: int) -> PageContent:
    """What stands on a page besides its picture. Raises :class:`FileTrouble`."""
    try:
        page = document[number - 1]
    except pypdfium2.PdfiumError as error:
        raise FileTrouble(FileOutcome.TRUNCATED, f"damaged: page {number} is missing") from error
    try:
        return page_content(page, number)
    finally:
        page.close()


def _page_of_picture(body: bytes, recognise: RecogniseLines) -> _Page:
    picture = _decoded(body)
    height, width = picture.shape[:2]
    long, short = (_PAGE_HEIGHT, _PAGE_WIDTH)
    points = (long if width > height else short) / width
    return _page(1, picture, width * points, height * points, recognise)


def _decoded(body: bytes) -> Picture:
    """The dots of a JPEG, PNG or TIFF. pdfium knows them only inside of a PDF; OpenCV comes with the engine."""
    try:
        import cv2
    except ImportError as error:
        raise EngineMissingError(f"{error}; {MISSING}") from error
    picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileTrouble(FileOutcome.TRUNCATED, "the picture is damaged, or of a kind that is not known")
    if picture.shape[0] * picture.shape[1] > _MOST_DOTS:
        raise FileTrouble(FileOutcome.TOO_LARGE, f"{picture.shape[1]} x {picture.shape[0]} dots")
    return np.asarray(picture, np.uint8)


def _page(number: int, picture: Picture, width: float, height: float, recognise: RecogniseLines) -> _Page:
    """A page of ``width`` x ``height`` points as its lines and tables."""
    points = width / max(picture.shape[1], 1)
    seen = recognise(picture)
    lines = [line for line in seen if line.confidence >= _UNDERSTOOD and line.text.strip()]
    content = PageContent(number, width, height)
    content.rules = drawn_rules(picture, points)
    for line in _steadied([_in_points(line, points) for line in lines]):
        content.glyphs += _glyphs(line)
    return _Page(number, elements(content), tuple(line.confidence for line in seen), len(seen) - len(lines))


def _in_points(line: RecognisedLine, points: float) -> RecognisedLine:
    return replace(
        line,
        text=_full_width_brackets(line.text.strip()),
        x0=line.x0 * points,
        top=line.top * points,
        x1=line.x1 * points,
        bottom=line.bottom * points,
    )


def _steadied(lines: Sequence[RecognisedLine]) -> list[RecognisedLine]:
    """Lines in reading order with the wobble of their boxes taken out: those about as high as most are as high as
    most, and those that begin at about one place begin there."""
    if not lines:
        return []
    usual = statistics.median(line.bottom - line.top for line in lines)
    lefts = sorted(line.x0 for line in lines)
    steadied = []
    for line in sorted(lines, key=lambda one: (one.top + one.bottom, one.x0)):
        size = line.bottom - line.top
        if 0.65 * usual < size < 1.35 * usual:
            middle = (line.top + line.bottom) / 2
            line = replace(line, top=middle - usual / 2, bottom=middle + usual / 2)
        near = [left for left in lefts if abs(left - line.x0) < 0.3 * usual]
        steadied.append(replace(line, x0=statistics.median(near)))
    return steadied


def _glyphs(line: RecognisedLine) -> Iterator[Glyph]:
    """The letters of a line, spread over its box by the widths they have in print: an engine says only where a line
    is."""
    widths = [0.5 if char.isascii() else 1.0 for char in line.text]
    unit = (line.x1 - line.x0) / sum(widths)
    at, spaced = line.x0, False
    for char, width in zip(line.text, widths, strict=True):
        if char.isspace():
            spaced = True
        else:
            yield Glyph(char, at, line.top, at + width * unit, line.bottom, spaced)
            spaced = False
        at += width * unit


_WIDE = {"(": "（", ")": "）"}


def _full_width_brackets(text: str) -> str:
    """Brackets beside Chinese letters at full width: an engine cannot see their width, and gives either, even in one
    pair. Chinese print has the full ones."""
    return "".join(
        _WIDE[char] if char in _WIDE and any(_is_chinese(one) for one in text[max(n - 1, 0) : n + 2]) else char
        for n, char in enumerate(text)
    )


def _is_chinese(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"
