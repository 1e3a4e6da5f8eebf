"""PDF with a Chinese font that the file names and does not hold: every reader of the standard has the table of
Adobe-GB1 letters."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import pypdfium2

from deployments.portal.files.typesetting import PAGE_HEIGHT, PAGE_WIDTH, Page


def pdf(pages: Sequence[Page]) -> bytes:
    """The pages as a PDF 1.4."""
    objects = ["", "", _FONT, _DESCENDANT, _DESCRIPTOR]
    kids = []
    bodies: list[bytes] = [b""] * len(objects)
    for page in pages:
        content = zlib.compress(_content(page))
        number = len(objects) + 1
        objects += [f"<< /Length {len(content)} /Filter /FlateDecode >>", ""]
        bodies += [content, b""]
        objects[-1] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_WIDTH:g} {PAGE_HEIGHT:g}] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {number} 0 R >>"
        )
        kids.append(f"{number + 1} 0 R")
    objects[0] = "<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    return _file(objects, bodies)


def scanned_pdf(pages: int = 2) -> bytes:
    """A PDF whose pages are one picture each, and hold no text."""
    picture = zlib.compress(bytes(0xFF if (x // 8 + y // 8) % 5 else 0x20 for y in range(120) for x in range(84)))
    objects = ["", "", "<< /Type /XObject /Subtype /Image /Width 84 /Height 120 /ColorSpace /DeviceGray "
               f"/BitsPerComponent 8 /Length {len(picture)} /Filter /FlateDecode >>"]  # fmt: skip
    bodies = [b"", b"", picture]
    kids = []
    for _ in range(pages):
        content = f"q {PAGE_WIDTH:g} 0 0 {PAGE_HEIGHT:g} 0 0 cm /Im Do Q".encode()
        number = len(objects) + 1
        objects += [
            f"<< /Length {len(content)} >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_WIDTH:g} {PAGE_HEIGHT:g}] "
            f"/Resources << /XObject << /Im 3 0 R >> >> /Contents {number} 0 R >>",
        ]
        bodies += [content, b""]
        kids.append(f"{number + 1} 0 R")
    objects[0] = "<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    return _file(objects, bodies)


def scan_of(body: bytes, *, dots_per_inch: int = 150, noise: float = 8.0) -> bytes:
    """The PDF ``body`` as if it had been printed and scanned: each page one grey picture, and no text.

    ``noise`` is the standard deviation of the grey of each dot, of 255; always the same. The system must have a Chinese
    font where the file names one that it does not hold.
    """
    grain = np.random.default_rng(7)
    pictures = []
    with pypdfium2.PdfDocument(body) as document:
        for page in document:
            grey = page.render(scale=dots_per_inch / 72, grayscale=True).to_numpy().astype(float)
            shaken = grey * 0.9 + 12 + grain.normal(0.0, noise, grey.shape)
            pictures.append(np.clip(shaken, 0, 255).astype(np.uint8) & 0xF0)  # sixteen greys: half the size
    objects, bodies, kids = ["", ""], [b"", b""], []
    for picture in pictures:
        height, width = picture.shape
        packed = zlib.compress(picture.tobytes(), 1)
        content = f"q {PAGE_WIDTH:g} 0 0 {PAGE_HEIGHT:g} 0 0 cm /Im Do Q".encode()
        number = len(objects) + 1
        objects += [
            f"<< /Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray "
            f"/BitsPerComponent 8 /Length {len(packed)} /Filter /FlateDecode >>",
            f"<< /Length {len(content)} >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_WIDTH:g} {PAGE_HEIGHT:g}] "
            f"/Resources << /XObject << /Im {number} 0 R >> >> /Contents {number + 1} 0 R >>",
        ]
        bodies += [packed, content, b""]
        kids.append(f"{number + 2} 0 R")
    objects[0] = "<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    return _file(objects, bodies)


_FONT = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UCS2-H /Encoding /UniGB-UCS2-H "
    "/DescendantFonts [4 0 R] >>"
)
_DESCENDANT = (
    "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 5 0 R /DW 1000 /W [1 95 500] "
    "/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>"
)
_DESCRIPTOR = (
    "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 "
    "/Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
)


def _content(page: Page) -> bytes:
    parts = ["0.5 w"]
    parts += [f"{s.x0:.2f} {PAGE_HEIGHT - s.y0:.2f} m {s.x1:.2f} {PAGE_HEIGHT - s.y1:.2f} l S" for s in page.strokes]
    for text in page.texts:
        letters = text.text.encode("utf-16-be").hex().upper()
        parts.append(f"BT /F1 {text.size:g} Tf 1 0 0 1 {text.x:.2f} {PAGE_HEIGHT - text.y:.2f} Tm <{letters}> Tj ET")
    return "\n".join(parts).encode()


def _file(objects: Sequence[str], bodies: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe4\xb8\xad\xe6\x96\x87\n")
    places = []
    for number, (head, body) in enumerate(zip(objects, bodies, strict=True), 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{head}\n".encode()
        if body:
            out += b"stream\n" + body + b"\nendstream\n"
        out += b"endobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
