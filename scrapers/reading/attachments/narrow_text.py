"""Text of a PDF that pdfium would leave out, because the letters have no outline by which to measure them.

pdfium leaves a text object out of a page's text when its rectangle is narrower than 0.01
(``CPDF_TextPage::ProcessTextObject``), and makes rectangles of the outlines of glyphs. A font that the file names and
does not hold, as most STSong and SimSun, has outlines only where the machine has a font in its place. Elsewhere a
letter that is an object of its own has no width (the last of a wrapped line is one, and some programs write each so),
nor has a whole line that stands upright on a turned page. A font of our own in that place would not do: pdfium asks for
one by character set, and an Identity-H font with /ToUnicode has none.

The rectangle of an object whose letters are drawn as outlines is wider by the pen. So narrow objects are given a pen:
where they stand and what they say stays as it was.
"""

from __future__ import annotations

import ctypes

import pypdfium2
import pypdfium2.raw as pdfium

_NARROW = 0.02
"""Units of the page, or of the form that an object is in; twice what pdfium asks for."""
_PEN = 1.0
"""The same units."""


class NarrowText:
    """The text objects of a page that were too narrow. To be made before the page's text is."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        self._embedded: dict[int, bool] = {}
        """By address: whether the file has the object's font."""
        stack = [pdfium.FPDFPage_GetObject(page.raw, n) for n in range(pdfium.FPDFPage_CountObjects(page.raw))]
        type_of, bounds_of = pdfium.FPDFPageObj_GetType, pdfium.FPDFPageObj_GetBounds
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        corners = [ctypes.byref(one) for one in (left, bottom, right, top)]
        while stack:
            item = stack.pop()
            kind = type_of(item)
            if kind == pdfium.FPDF_PAGEOBJ_FORM:
                stack += [pdfium.FPDFFormObj_GetObject(item, n) for n in range(pdfium.FPDFFormObj_CountObjects(item))]
            elif kind == pdfium.FPDF_PAGEOBJ_TEXT and bounds_of(item, *corners) and right.value - left.value < _NARROW:
                self._widen(item)

    def draws_nothing(self, textpage: object, index: int, *, unknown: bool) -> bool:
        """Whether letter ``index`` of the page's text, which is white space or ``unknown``, is of a narrow object
        and leaves the page white: it never counted, and is none that was lost."""
        if not self._embedded:
            return False
        embedded = self._embedded.get(_address(pdfium.FPDFText_GetTextObject(textpage, index)))
        # What a font of the file draws without an outline is blank. What stands for a font that is missing is not.
        return embedded is not None and (embedded or not unknown)

    def _widen(self, item: object) -> None:
        font = pdfium.FPDFTextObj_GetFont(item)
        self._embedded[_address(item)] = bool(font) and pdfium.FPDFFont_GetIsEmbedded(font) == 1
        pdfium.FPDFTextObj_SetTextRenderMode(item, pdfium.FPDF_TEXTRENDERMODE_STROKE)
        pdfium.FPDFPageObj_SetStrokeWidth(item, _PEN)
        pdfium.FPDFPageObj_Transform(item, 1, 0, 0, 1, 0, 0)  # moves nothing: makes pdfium measure the object again


def _address(item: object) -> int:
    return ctypes.cast(item, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
