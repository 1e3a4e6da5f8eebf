"""RTF: control words, groups and text; tables by their cell and row marks, Chinese in the code page it declares.

Own code, because the libraries at hand flatten tables and stumble over letters of two bytes written as two escapes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scrapers.reading.attachments.edged_rows import EdgedRow, write_table
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.reading.attachments.writing import Writing
from scrapers.records import FileOutcome, FileText

_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.S
)
_DESTINATIONS = frozenset(
    b"fonttbl colortbl stylesheet info pict object listtable listoverridetable rsidtbl generator themedata "
    b"colorschememapping latentstyles datastore header headerl headerr headerf footer footerl footerr footerf "
    b"xmlnstbl fldinst bkmkstart bkmkend revtbl filetbl ftnsep ftnsepc aftnsep aftnsepc nonshppict "
    b"mmathPr wgrffmtfilter pgdsctbl".split()
)
"""Groups that hold no text of the document. ``listtext`` is not among them: it is the number of an automatic list."""
_CHARSETS = {
    134: "gb18030", 136: "big5", 128: "cp932", 129: "cp949", 0: "cp1252", 1: "cp1252", 2: "cp1252",
    161: "cp1253", 162: "cp1254", 204: "cp1251", 238: "cp1250",
}  # fmt: skip
_SYMBOLS = {
    b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"bullet": "•", b"tab": " ", b"line": " ", b"emspace": " ", b"enspace": " ", b"qmspace": " ",
}  # fmt: skip
_DEEPEST = 200


@dataclass(slots=True)
class _State:
    skip: bool = False
    unicode_skip: int = 1
    font: int | None = None
    in_table: bool = False
    deleted: bool = False

    def copy(self) -> _State:
        return _State(self.skip, self.unicode_skip, self.font, self.in_table, self.deleted)


@dataclass(slots=True)
class _Reader:
    writing: Writing = field(default_factory=Writing)
    code_page: str = "cp1252"
    fonts: dict[int, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    cells: list[str] = field(default_factory=list)
    rows: list[EdgedRow] = field(default_factory=list)
    left: int = 0
    edges: list[int] = field(default_factory=list)
    merged: list[bool] = field(default_factory=list)
    joined: list[bool] = field(default_factory=list)
    next_merged: bool = False
    next_joined: bool = False
    pictures: int = 0
    to_skip: int = 0


def read_rtf(body: bytes, limits: Limits) -> FileText:
    """The text of an RTF. Raises :class:`FileTrouble`."""
    reader = _Reader(fonts=dict(_fonts(body)))
    depth = _read(reader, body)
    writing = reader.writing
    _paragraph(reader, _State())
    _close_table(reader)
    text, blocks, tables, removed = writing.finished()
    if depth > 0 and not body.rstrip(b"\0 \r\n").endswith(b"}"):
        raise FileTrouble(FileOutcome.TRUNCATED, f"the file ends inside of {depth} groups")
    if not text:
        if reader.pictures:
            raise FileTrouble(FileOutcome.NEEDS_OCR, f"no text, {reader.pictures} pictures")
        raise FileTrouble(FileOutcome.EMPTY, "no text and no pictures")
    if len(text) > limits.max_characters:
        raise FileTrouble(FileOutcome.TOO_LARGE, f"more than {limits.max_characters} characters")
    return FileText(FileOutcome.READ, text=text, blocks=blocks, tables=tables, removed=removed)


def _fonts(body: bytes) -> Iterator[tuple[int, str]]:
    begin = body.find(b"{\\fonttbl")
    table = body[begin : begin + 100_000] if begin >= 0 else b""
    for font, charset in re.findall(rb"\\f(\d{1,6})\b[^{};]{0,200}?\\fcharset(\d{1,3})", table):
        if int(charset) in _CHARSETS:
            yield int(font), _CHARSETS[int(charset)]


def _read(reader: _Reader, body: bytes) -> int:
    """Read all tokens; the number of groups still open at the end."""
    state = _State()
    stack: list[_State] = []
    starred = False
    at = 0
    while at < len(body):
        match = _TOKEN.match(body, at)
        if match is None:
            at += 1
            continue
        at = match.end()
        word, number, escape, symbol, brace, plain = match.groups()
        if brace == b"{":
            _flush(reader, state)
            if len(stack) >= _DEEPEST:
                raise FileTrouble(FileOutcome.UNSUPPORTED, f"groups nested more than {_DEEPEST} deep")
            stack.append(state)
            state = state.copy()
            starred = False
        elif brace == b"}":
            _flush(reader, state)
            if not stack:
                break  # what follows the document's last brace is none of it
            state = stack.pop()
        elif symbol == b"*":
            starred = True
        elif word is not None:
            if word == b"bin":
                at += max(int(number or 0), 0)
                continue
            if word == b"pict":
                reader.pictures += 1
            if word in _DESTINATIONS or (starred and word not in (b"shpinst", b"shptxt")):
                state.skip = True
            starred = False
            if not state.skip:
                _control(reader, state, word, None if number is None else int(number))
        elif state.skip:
            continue
        elif escape is not None:
            if reader.to_skip:
                reader.to_skip -= 1
            else:
                reader.raw.append(int(escape, 16))
        elif symbol is not None:
            _flush(reader, state)
            reader.text.append({b"~": "\u00a0", b"_": "-", b"\r": "", b"\n": ""}.get(symbol, _literal(symbol)))
            if symbol in (b"\r", b"\n"):
                _paragraph(reader, state)
        elif plain is not None:
            skipped = min(reader.to_skip, len(plain))
            reader.to_skip -= skipped
            reader.raw += plain[skipped:]
    _flush(reader, state)
    return len(stack)


def _literal(symbol: bytes) -> str:
    return symbol.decode("latin-1") if symbol in (b"\\", b"{", b"}") else ""


def _flush(reader: _Reader, state: _State) -> None:
    if not reader.raw:
        return
    raw = bytes(reader.raw)
    reader.raw.clear()
    if not state.skip and not state.deleted:
        font = state.font if state.font is not None else -1
        charset = reader.fonts.get(font, reader.code_page)
        if charset == "cp1252" and reader.code_page != "cp1252" and not raw.isascii():
            charset = reader.code_page
        reader.text.append(raw.decode(charset, "replace"))


def _control(reader: _Reader, state: _State, word: bytes, number: int | None) -> None:
    if word == b"u" and number is not None:
        _flush(reader, state)
        code = number % 65536
        if not state.deleted:
            reader.text.append(chr(code))
        reader.to_skip = state.unicode_skip
        return
    if word != b"uc":
        reader.to_skip = 0
    _flush(reader, state)
    if word == b"uc":
        state.unicode_skip = max(0, min(number or 0, 8))
    elif word == b"ansicpg" and number:
        reader.code_page = (
            "gb18030" if number in (936, 54936) else f"cp{number}" if _is_known(f"cp{number}") else "cp1252"
        )
    elif word == b"f":
        state.font = number
    elif word == b"plain":
        state.font = None
        state.deleted = False
    elif word == b"deleted":
        state.deleted = number != 0
    elif word == b"pard":
        state.in_table = False
    elif word == b"intbl":
        state.in_table = True
    elif word in (b"par", b"sect", b"page"):
        _paragraph(reader, state)
    elif word in (b"cell", b"nestcell"):
        reader.cells.append(_taken(reader))
    elif word == b"trowd":
        reader.edges, reader.merged, reader.joined, reader.left = [], [], [], 0
        reader.next_merged = reader.next_joined = False
    elif word == b"trleft":
        reader.left = number or 0
    elif word == b"clvmrg":
        reader.next_merged = True
    elif word == b"clmrg":
        reader.next_joined = True
    elif word == b"cellx":
        reader.edges.append(number or 0)
        reader.merged.append(reader.next_merged)
        reader.joined.append(reader.next_joined)
        reader.next_merged = reader.next_joined = False
    elif word in (b"row", b"nestrow"):
        edges = (min(reader.left, reader.edges[0] if reader.edges else 0), *reader.edges)
        reader.rows.append(EdgedRow(tuple(reader.cells), edges, tuple(reader.merged), tuple(reader.joined)))
        reader.cells = []
    elif word in _SYMBOLS:
        reader.text.append(_SYMBOLS[word])


def _is_known(codec: str) -> bool:
    try:
        b"".decode(codec)
    except LookupError:
        return False
    return True


def _taken(reader: _Reader) -> str:
    text = "".join(reader.text)
    reader.text.clear()
    # letters beyond the first plane are written as two halves
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _paragraph(reader: _Reader, state: _State) -> None:
    if state.in_table:
        return  # the next paragraph of a cell: Chinese joins without a blank
    text = _taken(reader)
    if reader.cells:
        reader.rows.append(EdgedRow((*reader.cells, text)))
        reader.cells = []
        text = ""
    if text.strip():
        _close_table(reader)
        reader.writing.paragraph(text)


def _close_table(reader: _Reader) -> None:
    rows, reader.rows = reader.rows, []
    if rows:
        write_table(reader.writing, rows)
