"""Files that are broken, locked, mislabelled or meant to do harm: each ends in a named outcome, alone."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

from deployments.portal.documents import Paragraph
from deployments.portal.files import archives, ofd, pdf, word
from deployments.portal.files.compound import compound_file
from deployments.portal.files.typesetting import typeset
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.limits import Limits
from scrapers.records import FileOutcome
from tests.attachments.made_files import documents, reportlab_pdf

DOCUMENT = documents()[0]
TITLE, BLOCKS = DOCUMENT.title, DOCUMENT.blocks
PDF = pdf.pdf(typeset(TITLE, BLOCKS))
DOCX, DOC = word.docx(TITLE, BLOCKS), word.doc(TITLE, BLOCKS)
PAGE = "<html><head><title>404</title></head><body><h1>您访问的页面不存在</h1></body></html>".encode()


@pytest.fixture(scope="module")
def reader() -> Iterator[FileReader]:
    with FileReader() as one:
        yield one


def locked_pdf() -> bytes:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return reportlab_pdf(DOCUMENT, "STSong-Light", encrypt="secret")


def locked_doc() -> bytes:
    main = bytearray(4096)
    struct.pack_into("<HHHHHH", main, 0, 0xA5EC, 0x00C1, 0, 0x0804, 0, 0x1300)
    return compound_file({"WordDocument": bytes(main), "1Table": b"x"})


def locked_zip() -> bytes:
    packed = bytearray(archives.zipped({"年度报告.docx": DOCX}))
    packed[6] |= 1
    place = packed.index(b"PK\x01\x02")
    packed[place + 8] |= 1
    return bytes(packed)


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("年度报告.txt", b"0" * (40 * 1024 * 1024))
    return out.getvalue()


def lying_bomb() -> bytes:
    """States that it unpacks to one byte: no more than that is unpacked, which cannot have the right checksum."""
    squeezed = zlib.compressobj(wbits=-15)
    data = squeezed.compress(b"0" * (40 * 1024 * 1024)) + squeezed.flush()
    name = b"a.txt"
    common = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, 0, len(data), 1, len(name), 0)
    local = b"PK\x03\x04" + common + name + data
    directory = b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    return local + directory + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(directory), len(local), 0)


def docx_with(document: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(DOCX)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    return archives.zipped({**members, "word/document.xml": document})


def external_entity(path: Path) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    return docx_with(
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "{path.as_uri()}">]><w:document xmlns:w="{space}">'
        "<w:body><w:p><w:r><w:t>&x;</w:t></w:r></w:p></w:body></w:document>".encode()
    )


def billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))
    return archives.zipped(
        {"OFD.xml": f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a0 "年">{entities}]><OFD>&a9;</OFD>'.encode()}
    )


def nested(depth: int) -> bytes:
    packed = DOCX
    for _ in range(depth):
        packed = archives.zipped({"年度报告.zip": packed})
    return packed


def deep_docx(depth: int = 5_000) -> bytes:
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    inner = "<w:sdt>" * depth + "</w:sdt>" * depth
    return docx_with(f'<w:document xmlns:w="{space}"><w:body>{inner}</w:body></w:document>'.encode())


FAULTS: dict[str, tuple[str, bytes, FileOutcome]] = {
    "a scan": ("a.pdf", pdf.scanned_pdf(3), FileOutcome.NEEDS_OCR),
    "a picture": ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(500), FileOutcome.NEEDS_OCR),
    "a PDF with a password": ("a.pdf", locked_pdf(), FileOutcome.ENCRYPTED),
    "a DOC with a password": ("a.doc", locked_doc(), FileOutcome.ENCRYPTED),
    "a DOCX with a password": (
        "a.docx",
        compound_file({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}),
        FileOutcome.ENCRYPTED,
    ),
    "a ZIP with a password": ("a.zip", locked_zip(), FileOutcome.ENCRYPTED),
    "half a PDF": ("a.pdf", PDF[: len(PDF) // 2], FileOutcome.TRUNCATED),
    "half a DOCX": ("a.docx", DOCX[: len(DOCX) // 2], FileOutcome.TRUNCATED),
    "half a DOC": ("a.doc", DOC[: len(DOC) // 2], FileOutcome.TRUNCATED),
    "half an OFD": ("a.ofd", ofd.ofd(typeset(TITLE, BLOCKS))[:900], FileOutcome.TRUNCATED),
    "half an RTF": ("a.rtf", word.rtf(TITLE, BLOCKS)[:2000], FileOutcome.TRUNCATED),
    "a web page called PDF": ("a.pdf", PAGE, FileOutcome.MISLABELLED),
    "an error message called DOC": (
        "a.doc",
        b"java.lang.NullPointerException at a.b.c(D.java:12)",
        FileOutcome.MISLABELLED,
    ),
    "a program called PDF": ("a.pdf", b"MZ\x90\x00" + bytes(range(256)) * 4, FileOutcome.MISLABELLED),
    "a bomb": ("a.zip", bomb(), FileOutcome.TOO_LARGE),
    "a bomb that lies": ("a.zip", lying_bomb(), FileOutcome.TRUNCATED),
    "archives in archives": ("a.zip", nested(4), FileOutcome.UNSUPPORTED),
    "entities without end": ("a.ofd", billion_laughs(), FileOutcome.TRUNCATED),
    "elements without end": ("a.docx", deep_docx(), FileOutcome.TRUNCATED),
    "no document in the archive": ("a.zip", archives.zipped({"a.exe": b"MZ"}), FileOutcome.EMPTY),
    "two documents in the archive": (
        "a.zip",
        archives.zipped({"通知.docx": DOCX, "名单.doc": DOC}),
        FileOutcome.SEVERAL_DOCUMENTS,
    ),
    "a PDF without a word": ("a.pdf", pdf.pdf(typeset("", ())[:0] or typeset(" ", ())[:1]), FileOutcome.EMPTY),
    "nothing": ("a.pdf", b"", FileOutcome.EMPTY),
    "zeros": ("a.doc", bytes(4096), FileOutcome.EMPTY),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_ends_in_a_named_outcome(fault: str, reader: FileReader) -> None:
    name, body, outcome = FAULTS[fault]
    found = reader.read(body, name)
    assert (found.outcome, found.text) == (outcome, ""), found.detail
    assert found.detail, "an outcome says why"


def test_what_a_file_is_called_does_not_matter(reader: FileReader) -> None:
    for name, body in (("a.pdf", DOCX), ("a.docx", DOC), ("a.wps", DOC), ("a.xls", PDF), ("a", PDF)):
        found = reader.read(body, name)
        assert found.outcome is FileOutcome.READ, name
        assert BLOCKS[0].text in found.text  # type: ignore[union-attr]
    assert [flag.name for flag in reader.read(DOCX, "a.pdf").flags] == ["mislabelled"]


def test_an_external_entity_is_not_fetched(reader: FileReader, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("机密")
    found = reader.read(external_entity(secret), "a.docx")
    assert (found.outcome, found.text) == (FileOutcome.UNSUPPORTED, "")


def test_a_name_in_an_archive_is_never_a_path(
    reader: FileReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = reader.read(archives.zipped({"../../../../tmp/年度报告.docx": DOCX, "/etc/x.exe": b"x"}), "a.zip")
    assert (found.outcome, found.member) == (FileOutcome.READ, "../../../../tmp/年度报告.docx")
    assert list(tmp_path.iterdir()) == []


def test_more_pages_than_allowed_are_not_read() -> None:
    with FileReader(Limits(max_pages=2)) as strict:
        found = strict.read(PDF, "a.pdf")
    assert found.outcome is FileOutcome.TOO_MANY_PAGES
    assert "pages; at most 2 are read" in (found.detail or "")


def test_more_bytes_than_allowed_are_not_read() -> None:
    with FileReader(Limits(max_bytes=1000)) as strict:
        assert strict.read(PDF, "a.pdf").outcome is FileOutcome.TOO_LARGE


def test_a_reader_that_takes_too_long_is_ended() -> None:
    with FileReader(Limits(seconds=0.05)) as hasty:
        found = hasty.read(pdf.pdf(typeset(TITLE, BLOCKS) * 60), "a.pdf")
        assert (found.outcome, found.detail) == (FileOutcome.TIMEOUT, "took longer than 0.05 s")
        assert hasty.read(word.rtf("题", ()), "a.rtf").outcome in (FileOutcome.READ, FileOutcome.TIMEOUT)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps no limit of address space")
def test_a_reader_that_takes_too_much_memory_is_ended() -> None:
    many = word.docx("题", tuple(Paragraph(f"{n * n}字{n * 7919 % 10007}" * 3) for n in range(200_000)))
    with FileReader(Limits(memory=400 * 1024**2)) as frugal:
        assert frugal.read(many, "a.docx").outcome is FileOutcome.OUT_OF_MEMORY
        assert frugal.read(DOCX, "a.docx").outcome is FileOutcome.READ


CRASHES = """
import os, signal, sys
from scrapers.reading.attachments import reading_process
from scrapers.reading.attachments.limits import Limits
def crash(*_):
    {how}
reading_process.read_file = crash
sys.stdout.buffer.write(reading_process._in_child(b"x", "a.pdf", Limits()))
"""


@pytest.mark.parametrize(
    ("how", "detail"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "the reader died of SIGSEGV"),
        ("os.abort()", "the reader died of SIGABRT"),
        ("os._exit(3)", "the reader ended with 3"),
        ("raise ZeroDivisionError('x')", "reader: ZeroDivisionError"),
    ],
)
def test_a_crash_of_a_reader_is_an_outcome(how: str, detail: str) -> None:
    script = CRASHES.format(how=how)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert '"outcome": "crashed"' in done.stdout
    assert detail in done.stdout


def test_whoever_reads_survives_the_death_of_the_process_that_reads() -> None:
    with FileReader() as one:
        assert one.read(DOCX, "a.docx").outcome is FileOutcome.READ
        one._free[0].kill()
        assert one.read(DOCX, "a.docx").outcome is FileOutcome.READ
