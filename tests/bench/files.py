"""Files, one core: milliseconds a page of PDF beside pdfplumber and pypdf, and memory on a long one."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pdfplumber
import pypdf
from rich.console import Console
from rich.table import Table as Shown

from deployments.portal import demo_network
from deployments.portal.documents import Document
from deployments.portal.files import pdf, word
from deployments.portal.files.typesetting import Page, Style, typeset
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.limits import MEBIBYTE, Limits
from scrapers.reading.attachments.reading import read_file
from scrapers.records import FileOutcome

LONG = 2_000
"""Pages of the long file."""
CAP = 512 * MEBIBYTE
"""Memory that its reader may have."""


def main() -> None:
    """Print milliseconds a page of each reader, what a process of its own costs, and how a long file was read."""
    documents = _documents()
    files = [pdf.pdf(typeset(one.title, one.blocks, Style(header=one.source))) for one in documents]
    pages = sum(len(pypdf.PdfReader(io.BytesIO(body)).pages) for body in files)
    console = Console(width=120)
    table = Shown(
        "reader", "ms a page", "x pypdf", title=f"{len(files)} PDFs of {pages} pages, text and tables, one core"
    )
    taken = {name: _time(read, files) for name, read in READERS.items()}
    for name, seconds in taken.items():
        table.add_row(name, f"{1000 * seconds / pages:.1f}", f"{taken['pypdf (text alone)'] / seconds:.1f}")
    console.print(table)

    with FileReader() as reader:
        docx = [word.docx(one.title, one.blocks) for one in documents]
        reader.read(b"%PDF-", "x")  # starts the process
        apart = _time(reader.read, docx) / len(docx)
        here = _time(read_file, docx) / len(docx)
    console.print(f"a DOCX: {1000 * here:.1f} ms read in place, {1000 * apart:.1f} ms in a process of its own")

    long = pdf.pdf(_pages(documents, LONG))
    with FileReader(Limits(memory=CAP)) as frugal:
        began = time.perf_counter()
        found = frugal.read(long, "long.pdf")
        seconds = time.perf_counter() - began
    held = "held" if found.outcome is FileOutcome.READ else f"not enough: {found.outcome} ({found.detail})"
    console.print(
        f"{LONG} pages, {len(long) / MEBIBYTE:.1f} MiB: {len(found.text):,} characters in {seconds:.0f} s; "
        f"the cap of {CAP // MEBIBYTE} MiB {held}"
    )


def _documents() -> list[Document]:
    rows = [row for site in demo_network().sites for column in getattr(site, "columns", ()) for row in column.rows]
    return [row.document for row in rows if row.document is not None and row.document.report_type is not None][:24]


def _pages(documents: list[Document], wanted: int) -> list[Page]:
    pages: list[Page] = []
    while len(pages) < wanted:
        for one in documents:
            pages += typeset(one.title, one.blocks, Style(header=one.source))
    return pages[:wanted]


def _pdfplumber(body: bytes) -> None:
    with pdfplumber.open(io.BytesIO(body)) as opened:
        for page in opened.pages:
            page.extract_text()
            page.extract_tables()


def _pypdf(body: bytes) -> None:
    for page in pypdf.PdfReader(io.BytesIO(body)).pages:
        page.extract_text()


READERS: dict[str, Callable[[bytes], object]] = {
    "nianbao (text, tables, paragraphs)": lambda body: read_file(body, "a.pdf"),
    "pdfplumber (text and tables)": _pdfplumber,
    "pypdf (text alone)": _pypdf,
}


def _time(read: Callable[[bytes], object], files: list[bytes]) -> float:
    """Seconds that all files take."""
    began = time.perf_counter()
    for body in files:
        read(body)
    return time.perf_counter() - began
