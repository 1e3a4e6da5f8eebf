"""The ways in which a report comes as a file: what is served, and what its page shows of it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import md5
from html import escape
from urllib.parse import quote

import xlsxwriter

from deployments.portal.documents import Block, Document, Grid, Paragraph
from deployments.portal.files import archives, ofd, pdf, word
from deployments.portal.files.compound import compound_file
from deployments.portal.files.typesetting import Style, full_rows, typeset

TYPES: Mapping[str, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "doc": "application/msword",
    "wps": "application/kswps",
    "rtf": "application/rtf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ofd": "application/ofd",
    "zip": "application/zip",
    "txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class Form:
    """One way. ``make`` gives the file; ``None`` as its result: the link leads nowhere."""

    ending: str
    make: Callable[[Document], bytes | None]
    outcome: str = "read"
    """How its reading ends, by ``scrapers.records.FileOutcome``."""
    body: str = "link"
    """What the page shows: the ``link`` alone, the whole ``text`` with the link below, a ``viewer`` in a frame, or
    ``none``: the row of the list leads to the file."""
    role: str = "report"
    label: str = "{title}.{ending}"


def _pdf(document: Document) -> bytes:
    return pdf.pdf(typeset(document.title, document.blocks, Style(header=document.source)))


def _columns(document: Document) -> bytes:
    blocks: tuple[Block, ...] = tuple(block for block in document.blocks if not isinstance(block, Grid))
    return pdf.pdf(typeset(document.title, blocks, Style(columns=2, size=10, leading=16)))


def _docx(document: Document) -> bytes:
    return word.docx(document.title, document.blocks)


def _doc(document: Document) -> bytes:
    return word.doc(document.title, document.blocks)


def _annex(_document: Document) -> bytes:
    """A workbook of other figures than the report's."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("统计表")
        sheet.write_row(0, 0, ("执法机关", "行政处罚（件）", "行政许可（件）", "行政检查（次）"))
        for number in range(1, 9):
            sheet.write_row(number, 0, (f"第{number}执法大队", number * 17, number * 23, number * 41))
    return out.getvalue()


def _locked(_document: Document) -> bytes:
    main = bytearray(4096)
    struct.pack_into("<HHHHHH", main, 0, 0xA5EC, 0x00C1, 0, 0x0804, 0, 0x1300)
    return compound_file({"WordDocument": bytes(main), "1Table": b"\0"})


def _torn(document: Document) -> bytes:
    whole = _pdf(document)
    return whole[: len(whole) * 2 // 3]


def _error(_document: Document) -> bytes:
    return "java.io.FileNotFoundException: /data/upload/annex (没有那个文件或目录)".encode()


def _text(document: Document) -> bytes:
    lines = [document.title]
    for block in document.blocks:
        lines += ["\t".join(row) for row in full_rows(block)] if isinstance(block, Grid) else [block.text]
    return "\r\n".join(f"　　{line}" for line in lines).encode("gb18030")


FORMS: Mapping[str, Form] = {
    "pdf": Form("pdf", _pdf),
    "columns": Form("pdf", _columns),
    "row": Form("pdf", _pdf, body="none"),
    "docx": Form("docx", _docx, label="附件：{title}.{ending}"),
    "doc": Form("doc", _doc, label="点击下载"),
    "wps": Form("wps", _doc),
    "rtf": Form("rtf", lambda document: word.rtf(document.title, document.blocks)),
    "ofd": Form("ofd", lambda document: ofd.ofd(typeset(document.title, document.blocks))),
    "zip": Form("zip", lambda d: archives.zipped({f"{d.title}.docx": _docx(d)}, names_in_gbk=True)),
    "txt": Form("txt", _text),
    "viewer": Form("pdf", _pdf, body="viewer"),
    "beside": Form("docx", _docx, body="text", role="same"),
    "annex": Form("xlsx", _annex, body="text", role="annex", label="附件：行政执法统计表.{ending}"),
    "scan": Form("pdf", lambda document: pdf.scan_of(_pdf(document)), outcome="needs_ocr"),
    "locked": Form("doc", _locked, outcome="encrypted"),
    "torn": Form("pdf", _torn, outcome="truncated"),
    "error": Form("doc", _error, outcome="mislabelled"),
    "gone": Form("pdf", lambda _: None, outcome="not_fetched"),
}
"""By the names that ``files.toml`` gives."""


def file_path(family: str, page_path: str, document: Document, form: Form) -> tuple[str, str]:
    """Where a site of the family serves the file: its path with query, and the address as its page writes it."""
    number = md5(f"{page_path}/{form.ending}".encode(), usedforsecurity=False).hexdigest()
    if family == "hanweb_jpage":
        path = f"/module/download/downfile.jsp?classid=0&showname={number[:6]}&filename={number}.{form.ending}"
        return path, escape(path)
    folder = page_path.rpartition("/")[0]
    name = f"P0{document.created:%Y%m%d}{int(number[:12], 16) % 10**12:012d}.{form.ending}"
    return f"{folder}/{name}", f"./{name}"


def page_blocks(document: Document, form: Form) -> tuple[Block, ...]:
    """What stands in the body; ``MARK`` is where the link goes."""
    mark = Paragraph(MARK)
    return (*document.blocks, mark) if form.body == "text" else (mark,)


MARK = "[[the-file]]"


def shown(document: Document, form: Form, href: str, path: str) -> str:
    """The link, or the frame, as HTML."""
    label = escape(form.label.format(title=document.title, ending=form.ending))
    if form.body == "viewer":
        return f'<iframe src="/pdfjs/web/viewer.html?file={quote(path, safe="")}" width="100%"></iframe>'
    icon = '<img src="/images/icon_file.gif">'
    return f'{icon}<a href="{href}" target="_blank">{label}</a>'
