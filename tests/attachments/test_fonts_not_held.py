"""PDFs that name a font and do not hold it are read whole, whatever fonts the machine has."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from deployments.portal.files import pdf
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.reading import read_file
from scrapers.records import FileOutcome
from tests.attachments.made_files import of_kind

SENTENCE = "本机关不予公开3件，见附件（一）。"
SIMSUN = (
    "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /SimSun /FontDescriptor 5 0 R /DW 1000 "
    "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
    "<< /Type /FontDescriptor /FontName /SimSun /Flags 4 /FontBBox [0 -120 1000 880] /ItalicAngle 0 /Ascent 880 "
    "/Descent -120 /CapHeight 880 /StemV 93 >>",
)
LETTERS = "不予公开"
FIRST_CODE = 0x5000
"""More than the fonts that pdfium brings have glyphs."""


def drawn(texts: Iterable[tuple[float, float, str]], *, upright: bool = True) -> bytes:
    """A page by ReportLab in STSong, with one text object for each of ``(x, y, text)`` in points; where it is not
    ``upright``, the texts run up the sheet, which is shown turned."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out)
    if not upright:
        canvas.setPageRotation(90)
        canvas.translate(595, 0)
        canvas.rotate(90)
    canvas.setFont("STSong-Light", 12)
    for x, y, text in texts:
        canvas.drawString(x, y, text)
    canvas.save()
    return out.getvalue()


def one_by_one(text: str, size: float = 12) -> list[tuple[float, float, str]]:
    return [(72 + size * n, 500, char) for n, char in enumerate(text)]


def identity_h(copies: int = 1, *, mapped: bool = True, known: str = "") -> bytes:
    """A page with each of :data:`LETTERS` an object of its own, in a font that pdfium can look up by no character set;
    where it is not ``mapped``, the file does not say which letters they are. ``known`` is set above in Helvetica."""
    codes = " ".join(f"<{n:04X}> <{ord(char):04X}>" for n, char in enumerate(LETTERS, FIRST_CODE))
    to_unicode = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 begincodespacerange "
        f"<0000> <FFFF> endcodespacerange {len(LETTERS)} beginbfchar {codes} endbfchar endcmap end end"
    ).encode()
    content = "\n".join(
        [
            f"BT /F2 12 Tf 1 0 0 1 72 700 Tm ({known}) Tj ET",
            *(
                f"BT /F1 12 Tf 1 0 0 1 {72 + 12 * n} {600 - 20 * copy} Tm <{FIRST_CODE + n:04X}> Tj ET"
                for copy in range(copies)
                for n in range(len(LETTERS))
            ),
        ]
    ).encode()
    font = "<< /Type /Font /Subtype /Type0 /BaseFont /SimSun /Encoding /Identity-H /DescendantFonts [4 0 R] "
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Count 1 /Kids [9 0 R] >>",
        f"{font}{'/ToUnicode 6 0 R ' if mapped else ''}>>",
        *SIMSUN,
        f"<< /Length {len(to_unicode)} >>",
        f"<< /Length {len(content)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 7 0 R "
        "/Resources << /Font << /F1 3 0 R /F2 8 0 R >> >> >>",
    ]
    return pdf._file(objects, [b"", b"", b"", b"", b"", to_unicode, content, b"", b""])


def test_a_letter_that_is_an_object_of_its_own_is_read() -> None:
    assert read_file(drawn(one_by_one(SENTENCE)), "a.pdf").text == SENTENCE


def test_a_font_without_a_character_set_is_read() -> None:
    assert read_file(identity_h(), "a.pdf").text == LETTERS


@pytest.mark.parametrize("whole", [True, False])
def test_a_line_on_a_turned_page_is_read(whole: bool) -> None:
    texts = [(72.0, 500.0, LETTERS)] if whole else one_by_one(LETTERS)
    assert read_file(drawn(texts, upright=False), "a.pdf").text == LETTERS


def test_a_form_on_the_page_is_read() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.beginForm("form")
    canvas.setFont("STSong-Light", 12)
    for x, y, text in one_by_one(SENTENCE):
        canvas.drawString(x, y, text)
    canvas.endForm()
    canvas.doForm("form")
    canvas.save()
    assert read_file(out.getvalue(), "a.pdf").text == SENTENCE


def test_a_blank_that_is_an_object_of_its_own_parts_no_letters() -> None:
    texts = [(72.0, 500.0, "不予公"), (108.0, 500.0, " "), (108.0, 500.0, "\u3000"), (108.0, 500.0, "开")]
    assert read_file(drawn(texts), "a.pdf").text == "不予公开"


def test_a_letter_of_which_nothing_is_known_is_not_lost_in_silence() -> None:
    found = read_file(identity_h(3, mapped=False, known="Nothing is known of what follows."), "a.pdf")
    assert (found.outcome, found.text) == (FileOutcome.READ, "Nothing is known of what follows.")
    assert [(flag.name, flag.evidence.split()[0]) for flag in found.flags] == [("letters_unknown", "12")]
    assert read_file(identity_h(3, mapped=False), "a.pdf").outcome is FileOutcome.NEEDS_OCR


def test_the_fonts_of_the_machine_change_nothing() -> None:
    """The process that reads files has none; this one has what is installed."""
    files = [file.body for kind in ("pdf_adobe_gb1", "pdf_tables", "pdf_columns") for file in of_kind(kind)[2:4]]
    files += [drawn(one_by_one(SENTENCE)), identity_h()]
    with FileReader() as reader:
        for body in files:
            assert reader.read(body, "a.pdf") == read_file(body, "a.pdf")
