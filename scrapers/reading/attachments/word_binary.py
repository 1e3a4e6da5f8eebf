"""DOC as Word wrote it from 1997 to 2003, and WPS Writer's .wps, which is the same format ([MS-DOC]).

The text lies in pieces that a table at ``fcClx`` puts in order; paragraph properties, in pages of 512 bytes, say which
paragraphs are cells and which end a row; the row's definition says where its cells begin and which are merged. Macros
and embedded objects are never looked at.
"""

from __future__ import annotations

import itertools
import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from scrapers.reading.attachments.compound_file import CompoundFile, CompoundFileError
from scrapers.reading.attachments.edged_rows import EdgedRow, write_table
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.reading.attachments.unpacking import well_formed
from scrapers.reading.attachments.writing import Writing
from scrapers.records import FileOutcome, FileText

_WORD_97 = 0x00C1
_ENCRYPTED = 0x0100
_TABLE_STREAM = 0x0200
_CLX, _PAPX = 0x01A2, 0x0102
"""Offsets in the FIB of (fc, lcb) of the piece table and of the paragraph pages."""
_MAIN_LENGTH = 0x004C
_IN_TABLE, _ROW_END, _TABLE_DEFINITION = 0x2416, 0x2417, 0xD608
_HUGE_PAPX = frozenset({0x6645, 0x6646})
_CELL, _PARAGRAPH, _PAGE, _LINE = "\x07", "\r", "\x0c", "\x0b"


class _Piece(NamedTuple):
    start: int
    """Character position."""
    offset: int
    """Byte of the WordDocument stream."""
    wide: bool
    """Two bytes a letter."""


class _Properties(NamedTuple):
    in_table: bool = False
    row_end: bool = False
    edges: tuple[int, ...] = ()
    """Of a row: where its cells begin, and where the last one ends."""
    merged: tuple[bool, ...] = ()
    """Of each cell: whether it goes on from the cell above."""
    joined: tuple[bool, ...] = ()
    """Of each cell: whether it goes on from the cell to the left."""


def read_doc(body: bytes, limits: Limits) -> FileText:
    """The text of a DOC. Raises :class:`FileTrouble`; ``unsupported`` for what is older than Word 97."""
    try:
        file = CompoundFile(body)
        main = file.stream("WordDocument")
        if main is None:
            if "EncryptedPackage" in file.names():
                raise FileTrouble(FileOutcome.ENCRYPTED, "the document opens with a password only")
            raise FileTrouble(
                FileOutcome.UNSUPPORTED, f"a compound file without a Word document: {_some(file.names())}"
            )
        if len(main) < 0x0200:
            raise FileTrouble(FileOutcome.TRUNCATED, "the document's header is cut off")
        version, flags = struct.unpack_from("<H", main, 2)[0], struct.unpack_from("<H", main, 0x0A)[0]
        if flags & _ENCRYPTED:
            raise FileTrouble(FileOutcome.ENCRYPTED, "the document opens with a password only")
        if version < _WORD_97:
            raise FileTrouble(FileOutcome.UNSUPPORTED, f"written by a Word older than 97 (version {version})")
        table = file.stream("1Table" if flags & _TABLE_STREAM else "0Table")
        data = file.stream("Data") or b""
    except CompoundFileError as error:
        raise FileTrouble(FileOutcome.TRUNCATED, f"damaged: {error}") from error
    if table is None:
        raise FileTrouble(FileOutcome.TRUNCATED, "the document has lost its table stream")
    with well_formed("document"):
        pieces = _pieces(main, table)
        (length,) = struct.unpack_from("<i", main, _MAIN_LENGTH)
        if length > limits.max_characters:
            raise FileTrouble(FileOutcome.TOO_LARGE, f"more than {limits.max_characters} characters")
        text = _text(main, pieces, length)
        writing = _write(text, pieces, _Paragraphs(main, table, data))
    whole, blocks, tables, removed = writing.finished()
    if not whole:
        if "\x01" in text or "\x08" in text:
            raise FileTrouble(FileOutcome.NEEDS_OCR, "no text, but pictures")
        raise FileTrouble(FileOutcome.EMPTY, "no text and no pictures")
    return FileText(FileOutcome.READ, text=whole, blocks=blocks, tables=tables, removed=removed)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5])


def _pieces(main: bytes, table: bytes) -> list[_Piece]:
    begin, length = struct.unpack_from("<ii", main, _CLX)
    clx = table[begin : begin + length]
    at = 0
    while at < len(clx) and clx[at] == 1:  # properties of pieces, which say nothing of the text
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if at >= len(clx) or clx[at] != 2:
        raise FileTrouble(FileOutcome.TRUNCATED, "the document has lost its piece table")
    (size,) = struct.unpack_from("<I", clx, at + 1)
    count = (size - 4) // 12
    positions = struct.unpack_from(f"<{count + 1}i", clx, at + 5)
    pieces = []
    for number in range(count):
        (fc,) = struct.unpack_from("<I", clx, at + 5 + 4 * (count + 1) + 8 * number + 2)
        narrow = bool(fc & 0x40000000)
        offset = (fc & 0x3FFFFFFF) // 2 if narrow else fc & 0x3FFFFFFF
        pieces.append(_Piece(positions[number], offset, not narrow))
    pieces.append(_Piece(positions[count], 0, True))
    return pieces


def _text(main: bytes, pieces: list[_Piece], length: int) -> str:
    parts = []
    for piece, following in itertools.pairwise(pieces):
        count = min(following.start, length) - piece.start
        if count <= 0:
            continue
        raw = main[piece.offset : piece.offset + count * (2 if piece.wide else 1)]
        if len(raw) < count * (2 if piece.wide else 1):
            raise FileTrouble(FileOutcome.TRUNCATED, "the text is cut off")
        # a pair may be parted by the end of a piece
        parts.append(raw.decode("utf-16-le", "surrogatepass") if piece.wide else raw.decode("cp1252", "replace"))
    whole = "".join(parts)
    return whole.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Paragraphs:
    """Paragraph properties by the byte at which a paragraph lies."""

    def __init__(self, main: bytes, table: bytes, data: bytes) -> None:
        begin, length = struct.unpack_from("<ii", main, _PAPX)
        count = max((length - 4) // 8, 0)
        self._starts = struct.unpack_from(f"<{count + 1}I", table, begin) if count else ()
        self._pages = struct.unpack_from(f"<{count}I", table, begin + 4 * (count + 1)) if count else ()
        self._main = main
        self._apart = data
        self._data: dict[int, list[tuple[int, int, _Properties]]] = {}

    def at(self, offset: int) -> _Properties:
        number = bisect_right(self._starts, offset) - 1
        if not 0 <= number < len(self._pages):
            return _Properties()
        if number not in self._data:
            self._data[number] = list(self._page((self._pages[number] & 0x3FFFFF) * 512))
        return next((found for begin, end, found in self._data[number] if begin <= offset < end), _Properties())

    def _page(self, at: int) -> Iterator[tuple[int, int, _Properties]]:
        page = self._main[at : at + 512]
        if len(page) < 512:
            return
        count = min(page[511], 101)
        bounds = struct.unpack_from(f"<{count + 1}I", page, 0)
        for number in range(count):
            start = page[4 * (count + 1) + 13 * number] * 2
            if not start or start >= 511:
                yield bounds[number], bounds[number + 1], _Properties()
                continue
            words = page[start]
            begin, size = (start + 1, 2 * words - 1) if words else (start + 2, 2 * page[start + 1])
            yield bounds[number], bounds[number + 1], _properties(page[begin + 2 : begin + size], self._apart)


def _properties(modifiers: bytes, apart: bytes) -> _Properties:
    """``apart`` is the stream Data, where properties lie that are too long for a page: those of rows of many cells."""
    in_table = row_end = False
    edges: tuple[int, ...] = ()
    merged: tuple[bool, ...] = ()
    joined: tuple[bool, ...] = ()
    at = 0
    while at + 2 <= len(modifiers):
        (code,) = struct.unpack_from("<H", modifiers, at)
        at += 2
        if code == _TABLE_DEFINITION:
            if at + 3 > len(modifiers):
                break
            size = struct.unpack_from("<H", modifiers, at)[0] + 1
            edges, merged, joined = _definition(modifiers[at + 2 : at + size])
            at += size
            continue
        if code in _HUGE_PAPX and at + 4 <= len(modifiers):
            (place,) = struct.unpack_from("<I", modifiers, at)
            if place + 2 <= len(apart):
                (size,) = struct.unpack_from("<H", apart, place)
                return _properties(apart[place + 2 : place + 2 + size], b"")
            break
        size = (1, 1, 2, 4, 2, 2, -1, 3)[code >> 13]
        operand = modifiers[at : at + 1]
        if size < 0:
            size = 1 + (operand[0] if operand else 0)
        elif operand:
            in_table = bool(operand[0]) if code == _IN_TABLE else in_table
            row_end = bool(operand[0]) if code == _ROW_END else row_end
        at += size
    return _Properties(in_table, row_end, edges, merged, joined)


def _definition(raw: bytes) -> tuple[tuple[int, ...], tuple[bool, ...], tuple[bool, ...]]:
    count = raw[0] if raw else 0
    if len(raw) < 1 + 2 * (count + 1):
        return (), (), ()
    edges = struct.unpack_from(f"<{count + 1}h", raw, 1)
    flags = []
    for number in range(count):
        at = 1 + 2 * (count + 1) + 20 * number
        flags.append(struct.unpack_from("<H", raw, at)[0] if at + 2 <= len(raw) else 0)
    above = tuple(bool(flag & 0x20) and not flag & 0x40 for flag in flags)
    left = tuple(bool(flag & 0x02) for flag in flags)
    return edges, above, left


def _write(text: str, pieces: list[_Piece], paragraphs: _Paragraphs) -> Writing:
    writing = Writing()
    rows: list[EdgedRow] = []
    cells: list[str] = []
    cell: list[str] = []

    def close_table() -> None:
        if cells or cell:  # a row whose end was not marked
            rows.append(EdgedRow((*cells, "".join(cell)) if cell else tuple(cells)))
            cells.clear()
            cell.clear()
        if rows:
            write_table(writing, rows)
            rows.clear()

    start = 0
    units = 0
    starts = [piece.start for piece in pieces]
    for position, char in enumerate(text):
        if char not in (_PARAGRAPH, _CELL, _PAGE):
            continue
        content = _shown(text[start:position])
        end = units + _units(text[start : position + 1])
        found = paragraphs.at(_offset(pieces, starts, end - 1))
        units, start = end, position + 1
        if char == _CELL and found.row_end:
            rows.append(EdgedRow(tuple(cells), found.edges, found.merged, found.joined))
            cells.clear()
            cell.clear()
        elif char == _CELL:
            cells.append("\n".join([*cell, content]))
            cell.clear()
        elif found.in_table:
            cell.append(content)
        else:
            close_table()
            writing.lines(content)
    close_table()
    writing.lines(_shown(text[start:]))
    return writing


def _units(text: str) -> int:
    """Character positions count UTF-16 units."""
    return len(text) + sum(1 for char in text if ord(char) > 0xFFFF) if not text.isascii() else len(text)


def _offset(pieces: list[_Piece], starts: list[int], position: int) -> int:
    number = max(bisect_right(starts, position) - 1, 0)
    piece = pieces[min(number, len(pieces) - 1)]
    return piece.offset + (position - piece.start) * (2 if piece.wide else 1)


_MARKS = {0x13, 0x14, 0x15}


def _shown(text: str) -> str:
    """What of a paragraph is shown: results of fields and not their codes, no anchors."""
    out: list[str] = []
    codes = 0
    fields: list[bool] = []
    for char in text:
        code = ord(char)
        if code == 0x13:
            fields.append(True)
            codes += 1
        elif code == 0x14 and fields:
            codes -= fields[-1]
            fields[-1] = False
        elif code == 0x15 and fields:
            codes -= fields.pop()
        elif codes or code in _MARKS or code in (0x01, 0x02, 0x05, 0x08, 0x1F):
            continue
        elif char == _LINE:
            out.append("\n")
        elif char in ("\t", "\x0e"):
            out.append(" ")
        elif code == 0x1E:
            out.append("-")
        elif code >= 0x20:
            out.append(char)
    return "".join(out)
