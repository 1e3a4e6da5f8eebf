"""DOCX, DOC and RTF: the three forms in which offices hand in what they wrote."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from html import escape

from deployments.portal.documents import Block, Grid
from deployments.portal.files.archives import zipped
from deployments.portal.files.compound import compound_file
from deployments.portal.files.typesetting import Placed, placed_cells

_SPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_CELL_WIDTH = 1400
"""Twips."""


def docx(title: str, blocks: Sequence[Block]) -> bytes:
    """A DOCX with nothing but its text."""
    body = _docx_paragraph(title) + "".join(
        _docx_table(block) if isinstance(block, Grid) else _docx_paragraph(block.text) for block in blocks
    )
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    members = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{main}"/></Types>',
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{relation}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {_SPACE}><w:body>{body}<w:sectPr/></w:body></w:document>",
    }
    return zipped({name: (_XML + content).encode() for name, content in members.items()})


def _docx_paragraph(text: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def _docx_table(grid: Grid) -> str:
    cells, columns = placed_cells(grid)
    rows = []
    for y in range(len(grid.rows)):
        row = []
        x = 0
        while x < columns:
            found = _covering(cells, y, x)
            if found is None:
                row.append(f"<w:tc><w:tcPr/>{_docx_paragraph('')}</w:tc>")
                x += 1
                continue
            merge = (
                "" if found.cell.rowspan == 1 else f'<w:vMerge w:val="{"restart" if found.row == y else "continue"}"/>'
            )
            span = f'<w:gridSpan w:val="{found.cell.colspan}"/>' if found.cell.colspan > 1 else ""
            parts = found.cell.text.split("\n") if found.row == y else [""]
            width = f'<w:tcW w:w="{found.cell.colspan * _CELL_WIDTH}" w:type="dxa"/>'
            row.append(f"<w:tc><w:tcPr>{width}{span}{merge}</w:tcPr>{''.join(map(_docx_paragraph, parts))}</w:tc>")
            x += found.cell.colspan
        rows.append(f"<w:tr>{''.join(row)}</w:tr>")
    grid_columns = f'<w:gridCol w:w="{_CELL_WIDTH}"/>' * columns
    return f"<w:tbl><w:tblPr/><w:tblGrid>{grid_columns}</w:tblGrid>{''.join(rows)}</w:tbl>"


def _covering(cells: Sequence[Placed], y: int, x: int) -> Placed | None:
    for one in cells:
        if one.row <= y < one.row + one.cell.rowspan and one.column <= x < one.column + one.cell.colspan:
            return one
    return None


# ------------------------------------------------------------------------------------------------ RTF


def rtf(title: str, blocks: Sequence[Block], *, escaped: bool = False) -> bytes:
    """An RTF in the code page of Chinese Windows; ``escaped``: letters by their number in Unicode instead."""

    def written(text: str) -> str:
        out = []
        for char in text:
            if char in "\\{}":
                out.append(f"\\{char}")
            elif char.isascii():
                out.append(char)
            elif escaped:
                code = ord(char) if ord(char) < 0x8000 else ord(char) - 0x10000
                out.append(f"\\u{code}?")
            else:
                out.append("".join(f"\\'{byte:02x}" for byte in char.encode("gb18030")))
        return "".join(out)

    parts = ["{\\rtf1\\ansi\\ansicpg936\\deff0{\\fonttbl{\\f0\\fnil\\fcharset134 SimSun;}}\\f0\\fs24\n"]
    parts.append(f"\\pard\\qc {written(title)}\\par\n")
    for block in blocks:
        if not isinstance(block, Grid):
            parts.append(f"\\pard\\fi480 {written(block.text)}\\par\n")
            continue
        cells, columns = placed_cells(block)
        for y in range(len(block.rows)):
            definition, contents = [], []
            x = 0
            while x < columns:
                found = _covering(cells, y, x)
                wide = found.cell.colspan if found is not None else 1
                merge = ""
                if found is not None and found.cell.rowspan > 1:
                    merge = "\\clvmgf" if found.row == y else "\\clvmrg"
                x += wide
                definition.append(f"{merge}\\cellx{x * _CELL_WIDTH}")
                text = found.cell.text.replace("\n", "") if found is not None and found.row == y else ""
                contents.append(f"\\pard\\intbl {written(text)}\\cell\n")
            parts.append(f"\\trowd{''.join(definition)}{''.join(contents)}\\row\n")
        parts.append("\\pard\n")
    parts.append("}")
    return "".join(parts).encode("ascii")


# ------------------------------------------------------------------------------------------------ DOC


def doc(title: str, blocks: Sequence[Block]) -> bytes:
    """A DOC of Word 97: header, text in one piece, and the properties that make rows of cells."""
    text: list[str] = []
    paragraphs: list[tuple[int, bytes]] = []
    """Where each paragraph ends (characters), and its properties."""

    def add(content: str, properties: bytes = b"") -> None:
        text.append(content)
        paragraphs.append((sum(map(len, text)), properties))

    add(title + "\r")
    for block in blocks:
        if not isinstance(block, Grid):
            add(block.text + "\r")
            continue
        cells, columns = placed_cells(block)
        for y in range(len(block.rows)):
            edges, flags = [0], []
            x = 0
            while x < columns:
                found = _covering(cells, y, x)
                tall = found is not None and found.cell.rowspan > 1
                begins = found is not None and found.row == y
                x += found.cell.colspan if found is not None else 1
                edges.append(x * _CELL_WIDTH)
                flags.append((0x20 if tall else 0) | (0x40 if tall and begins else 0))
                content = found.cell.text.replace("\n", "") if found is not None and begins else ""
                add(content + "\x07", _IN_TABLE)
            add("\x07", _IN_TABLE + b"\x17\x24\x01" + _row_definition(edges, flags))
        add("\r")
    return _word_file("".join(text), paragraphs)


_IN_TABLE = b"\x16\x24\x01"
_TEXT_AT = 0x800


def _row_definition(edges: Sequence[int], flags: Sequence[int]) -> bytes:
    cells = b"".join(struct.pack("<H", flag) + bytes(18) for flag in flags)
    operand = bytes([len(flags)]) + struct.pack(f"<{len(edges)}h", *edges) + cells
    return b"\x08\xd6" + struct.pack("<H", len(operand) + 1) + operand


def _word_file(text: str, paragraphs: Sequence[tuple[int, bytes]]) -> bytes:
    encoded = text.encode("utf-16-le")
    main = bytearray(_TEXT_AT) + encoded
    main += bytes(-len(main) % 512)
    starts, pages = [], []
    begin = _TEXT_AT
    waiting = list(paragraphs)
    while waiting:
        starts.append(begin)
        pages.append(len(main) // 512)
        page, count = _paragraph_page(begin, waiting)
        main += page
        begin = _TEXT_AT + 2 * waiting[count - 1][0]
        del waiting[:count]
    letters = len(main) // 512
    bounds = struct.pack("<II", _TEXT_AT, _TEXT_AT + len(encoded))
    main += bounds + bytes(512 - len(bounds) - 1) + b"\x01"  # one run of letters without properties
    table = bytearray()
    places = {}

    def put(index: int, content: bytes) -> None:
        places[index] = (len(table), len(content))
        table.extend(content)

    put(1, _STYLES)
    put(6, struct.pack("<II", 0, len(text)) + struct.pack("<HIHI", 0, 0xFFFFFFFF, 0, 0xFFFFFFFF))  # one section
    put(12, struct.pack("<II", _TEXT_AT, _TEXT_AT + len(encoded)) + struct.pack("<I", letters))
    put(
        13,
        struct.pack(f"<{len(starts) + 1}I", *starts, _TEXT_AT + len(encoded)) + struct.pack(f"<{len(pages)}I", *pages),
    )
    put(31, bytes(500))  # properties of the document
    piece = struct.pack("<II", 0, len(text)) + struct.pack("<HIH", 0, _TEXT_AT, 0)
    put(33, b"\x02" + struct.pack("<I", len(piece)) + piece)
    header = bytearray(_TEXT_AT)
    struct.pack_into("<HHHHHHHI", header, 0, 0xA5EC, 0x00C1, 0, 0x0804, 0, 0x1200 | 0x0000, 0x00BF, 0)
    struct.pack_into("<II", header, 0x18, _TEXT_AT, _TEXT_AT + len(encoded))
    struct.pack_into("<H", header, 0x20, 14)
    struct.pack_into("<H", header, 0x3E, 22)
    struct.pack_into("<I", header, 0x40, len(main))
    struct.pack_into("<i", header, 0x4C, len(text))
    struct.pack_into("<H", header, 0x98, 93)
    for index, (place, length) in places.items():
        struct.pack_into("<II", header, 0x9A + 8 * index, place, length)
    main[:_TEXT_AT] = header
    return compound_file({"WordDocument": bytes(main), "1Table": bytes(table)})


_NORMAL = struct.pack("<HHHHHH", 0, 0xFFF1, 0x0010, 28, 0, 6) + "Normal".encode("utf-16-le") + bytes(4)
_STYLES = struct.pack("<11H", 18, 1, 10, 1, 91, 15, 0, 0, 0, 0, len(_NORMAL)) + _NORMAL
"""A style sheet with the one style that every document has."""


def _paragraph_page(begin: int, waiting: Sequence[tuple[int, bytes]]) -> tuple[bytes, int]:
    """As many paragraphs as go on one page of 512 bytes: ends from the front, properties from the back."""
    page = bytearray(512)
    at = 510
    bounds: list[int] = [begin]
    places: list[int] = []
    for end, properties in waiting:
        size = 2 + len(properties)
        words = (size + 2) // 2  # with the byte that states them
        need = 4 * (len(bounds) + 1) + 13 * (len(places) + 1)
        odd = size % 2 == 1
        length = 1 + size if odd else 2 + size
        place = (at - length) & ~1
        if place < need or len(places) >= 100:
            break
        if odd:
            page[place] = words
            page[place + 3 : place + 3 + len(properties)] = properties
        else:
            page[place], page[place + 1] = 0, size // 2
            page[place + 4 : place + 4 + len(properties)] = properties
        at = place
        bounds.append(_TEXT_AT + 2 * end)
        places.append(place // 2)
    struct.pack_into(f"<{len(bounds)}I", page, 0, *bounds)
    for number, place in enumerate(places):
        page[4 * len(bounds) + 13 * number] = place
    page[511] = len(places)
    return bytes(page), len(places)
