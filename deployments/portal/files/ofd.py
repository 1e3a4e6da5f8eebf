"""OFD (GB/T 33190-2016): pages of letters and rules in XML, packed as a ZIP."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from deployments.portal.files.archives import zipped
from deployments.portal.files.typesetting import PAGE_HEIGHT, PAGE_WIDTH, Page

_SPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MILLIMETRES = 25.4 / 72


def ofd(pages: Sequence[Page]) -> bytes:
    """The pages as an OFD."""
    box = f"0 0 {PAGE_WIDTH * _MILLIMETRES:.3f} {PAGE_HEIGHT * _MILLIMETRES:.3f}"
    listed = "".join(f'<ofd:Page ID="{100 + n}" BaseLoc="Pages/Page_{n}/Content.xml"/>' for n in range(len(pages)))
    members = {
        "OFD.xml": f'{_HEAD}<ofd:OFD {_SPACE} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo>'
        "<ofd:DocID>0</ofd:DocID></ofd:DocInfo><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
        "Doc_0/Document.xml": f"{_HEAD}<ofd:Document {_SPACE}><ofd:CommonData><ofd:MaxUnitID>99999</ofd:MaxUnitID>"
        f"<ofd:PageArea><ofd:PhysicalBox>{box}</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData>"
        f"<ofd:Pages>{listed}</ofd:Pages></ofd:Document>",
    }
    for number, page in enumerate(pages):
        members[f"Doc_0/Pages/Page_{number}/Content.xml"] = _page(page)
    return zipped({name: content.encode() for name, content in members.items()})


def _page(page: Page) -> str:
    parts = [f'{_HEAD}<ofd:Page {_SPACE}><ofd:Content><ofd:Layer ID="1" Type="Body">']
    identity = 1000
    for stroke in page.strokes:
        identity += 1
        x, y = min(stroke.x0, stroke.x1) * _MILLIMETRES, min(stroke.y0, stroke.y1) * _MILLIMETRES
        wide, high = abs(stroke.x1 - stroke.x0) * _MILLIMETRES, abs(stroke.y1 - stroke.y0) * _MILLIMETRES
        parts.append(
            f'<ofd:PathObject ID="{identity}" Boundary="{x:.3f} {y:.3f} {wide:.3f} {high:.3f}" LineWidth="0.2">'
            f"<ofd:AbbreviatedData>M 0 0 L {wide:.3f} {high:.3f}</ofd:AbbreviatedData></ofd:PathObject>"
        )
    for text in page.texts:
        identity += 1
        size = text.size * _MILLIMETRES
        x, y = text.x * _MILLIMETRES, (text.y - text.size) * _MILLIMETRES
        steps = " ".join(f"{(0.5 if char.isascii() else 1) * size:.3f}" for char in text.text[:-1])
        delta = f' DeltaX="{steps}"' if steps else ""
        parts.append(
            f'<ofd:TextObject ID="{identity}" Boundary="{x:.3f} {y:.3f} 150 {1.3 * size:.3f}" '
            f'Font="1" Size="{size:.3f}">'
            f'<ofd:TextCode X="0" Y="{size:.3f}"{delta}>{escape(text.text)}</ofd:TextCode></ofd:TextObject>'
        )
    parts.append("</ofd:Layer></ofd:Content></ofd:Page>")
    return "".join(parts)
