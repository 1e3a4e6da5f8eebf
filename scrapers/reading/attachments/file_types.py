"""What a file is, by its content: names and Content-Types are what somebody typed."""

from __future__ import annotations

import io
import re
import zipfile
from enum import StrEnum

from scrapers.reading.attachments.compound_file import CompoundFile, CompoundFileError
from scrapers.reading.decode import decode


class FileType(StrEnum):
    """Kinds of file that are told apart."""

    PDF = "pdf"
    DOCX = "docx"
    DOC = "doc"
    RTF = "rtf"
    XLS = "xls"
    XLSX = "xlsx"
    OFD = "ofd"
    ZIP = "zip"
    RAR = "rar"
    TEXT = "text"
    HTML = "html"
    IMAGE = "image"


_NAMED: dict[str, frozenset[FileType]] = {
    "pdf": frozenset({FileType.PDF}),
    "docx": frozenset({FileType.DOCX}),
    "docm": frozenset({FileType.DOCX}),
    # WPS Writer and Spreadsheets write the formats of Word and Excel under names of their own.
    "doc": frozenset({FileType.DOC}),
    "wps": frozenset({FileType.DOC, FileType.DOCX}),
    "rtf": frozenset({FileType.RTF}),
    "xls": frozenset({FileType.XLS}),
    "et": frozenset({FileType.XLS, FileType.XLSX}),
    "xlsx": frozenset({FileType.XLSX}),
    "xlsm": frozenset({FileType.XLSX}),
    "ofd": frozenset({FileType.OFD}),
    "zip": frozenset({FileType.ZIP}),
    "rar": frozenset({FileType.RAR}),
    "txt": frozenset({FileType.TEXT}),
    "csv": frozenset({FileType.TEXT}),
    "htm": frozenset({FileType.HTML}),
    "html": frozenset({FileType.HTML}),
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp"), frozenset({FileType.IMAGE})),
}
_WRITTEN = frozenset(_NAMED) - {"htm", "html"}
_ENDING = re.compile(r"\.([A-Za-z0-9]{2,5})(?:$|[?#&;])")
_IMAGES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")
_HTML = re.compile(rb"^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|meta)\b", re.I | re.S)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_SAMPLE = 4096


def file_type(body: bytes) -> FileType | None:
    """The type of ``body``; ``None`` where it is none of them. Raises nothing."""
    head = body[:1024]
    if b"%PDF-" in head and head.lstrip()[:1] != b"<":
        return FileType.PDF
    if head.startswith(b"PK\x03\x04") or head.startswith(b"PK\x05\x06"):
        return _packed_type(body)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _compound_type(body)
    if head.startswith(b"Rar!\x1a\x07"):
        return FileType.RAR
    if head.lstrip().startswith(b"{\\rtf"):
        return FileType.RTF
    if head.startswith((b"\x09\x08\x10\x00", b"\x09\x08\x08\x00", b"\x09\x04\x06\x00", b"\x09\x02\x06\x00")):
        return FileType.XLS  # a BIFF stream without the compound file around it
    if head.startswith((b"\xdb\xa5", b"\x31\xbe\x00\x00")):
        return FileType.DOC  # Word 2 and Write, for LibreOffice
    if head.startswith(_IMAGES) or (head.startswith(b"RIFF") and head[8:12] == b"WEBP"):
        return FileType.IMAGE
    if _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        return FileType.HTML
    return FileType.TEXT if _is_text(body) else None


def is_file(body: bytes, name: str | None = None) -> bool:
    """Whether an answer is a file and not a page. Cheap for pages; text is a file where ``name`` says so."""
    head = body[:64].lstrip(b"\xef\xbb\xbf \r\n\t")
    if head.startswith(b"<") or not body:
        return False
    if head.startswith((b"%PDF-", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"Rar!\x1a\x07", b"{\\rtf")):
        return True
    return head.startswith(_IMAGES) or (named_ending(name) in _WRITTEN and file_type(body) is not FileType.HTML)


def named_ending(name: str | None) -> str | None:
    """The ending that a name or address bears, in lower case without the dot; ``None``: none that is known."""
    found = [ending.lower() for ending in _ENDING.findall(name or "")]
    return next((ending for ending in reversed(found) if ending in _NAMED), None)


def named_otherwise(name: str | None, found: FileType | None) -> str | None:
    """The ending of ``name`` where it speaks of another type than the one found."""
    ending = named_ending(name)
    return ending if ending is not None and found not in _NAMED[ending] else None


def _packed_type(body: bytes) -> FileType:
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            names = set(packed.namelist())
    except Exception:  # noqa: BLE001  # a torn or malformed archive is one all the same: its reader says what is wrong
        # what was packed first is named at the head
        names = set(re.findall(r"[\w./\[\]]+", body[:_SAMPLE].decode("latin-1")))
    if "OFD.xml" in names:
        return FileType.OFD
    if any(name.startswith("word/") for name in names):
        return FileType.DOCX
    if any(name.startswith("xl/") for name in names):
        return FileType.XLSX
    return FileType.ZIP


def _compound_type(body: bytes) -> FileType:
    try:
        names = set(CompoundFile(body).names())
    except CompoundFileError:
        names = set()
    # names of streams stand in UTF-16 in a directory that may lie anywhere in a torn file
    if {"Workbook", "Book"} & names or (not names and "Workbook".encode("utf-16-le") in body):
        return FileType.XLS
    if "EncryptedPackage" in names:
        return FileType.DOCX
    return FileType.DOC


def _is_text(body: bytes) -> bool:
    sample = body[:_SAMPLE]
    if not sample.strip():
        return False
    text, _ = decode(sample)
    strange = len(_CONTROLS.findall(text)) + text[:-4].count("\ufffd")
    return strange <= len(text) // 200
