"""Sixty files with known text: the portal's documents, written by libraries of others where there are any.

Each kind has six: three reports of rule of law, three of disclosure with their statutory tables.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import docx
import openpyxl
import xlwt
from docx.oxml.ns import qn
from docx.oxml.parser import OxmlElement
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Table
from reportlab.platypus import Paragraph as Flowable

from deployments.portal import demo_network
from deployments.portal.documents import Block, Document, Grid, Heading
from deployments.portal.files import archives, ofd, pdf, word
from deployments.portal.files.typesetting import Style, full_rows, placed_cells, typeset
from scrapers.records import ReportType

EMBEDDED_FONT = Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc")
"""Debian: fonts-wqy-zenhei. Without it no PDF with an embedded subset of a Chinese font can be made here."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file and what a person would read in it."""

    name: str
    body: bytes
    text: str
    """Without tables, one paragraph a line."""
    whole: str
    """With each cell of the tables once."""
    tables: tuple[tuple[tuple[str, ...], ...], ...]


@cache
def documents() -> tuple[Document, ...]:
    """Reports of different publishers and years: of rule of law and of disclosure by turns."""
    found: dict[ReportType, list[Document]] = {kind: [] for kind in ReportType}
    for site in demo_network().sites:
        for column in getattr(site, "columns", ()):
            for row in column.rows:
                if row.document is not None and row.document.report_type is not None:
                    found[row.document.report_type].append(row.document)
    laws, disclosures = found[ReportType.RULE_OF_LAW], found[ReportType.DISCLOSURE]
    mixed = [one for pair in zip(laws[::3], disclosures[::3], strict=False) for one in pair]
    return tuple(mixed[:36])


def made(name: str, body: bytes, document: Document) -> Made:
    """A file of a document with its truth."""
    lines, whole, tables = [document.title], [document.title], []
    for block in document.blocks:
        if isinstance(block, Grid):
            cells, _ = placed_cells(block)
            whole += ["".join(cell.cell.text.split()) for cell in cells]
            tables.append(tuple(tuple("".join(text.split()) for text in row) for row in full_rows(block) if any(row)))
        else:
            lines.append(block.text)
            whole.append(block.text)
    return Made(name, body, "\n".join(lines), "".join(whole), tuple(tables))


def of_kind(kind: str) -> list[Made]:
    """The six files of a kind."""
    number = list(KINDS).index(kind)
    six = [documents()[(5 * number + n) % len(documents())] for n in range(6)]
    # three of each type, whatever the place in the row
    laws = [one for one in documents() if one.report_type is ReportType.RULE_OF_LAW]
    disclosures = [one for one in documents() if one.report_type is ReportType.DISCLOSURE]
    six = [
        *(laws[(number + n) % len(laws)] for n in range(3)),
        *(disclosures[(number + n) % len(disclosures)] for n in range(3)),
    ]
    if kind == "pdf_columns":
        six = [laws[(number + n) % len(laws)] for n in range(6)]
    return [KINDS[kind](document, n) for n, document in enumerate(six)]


# ------------------------------------------------------------------------------------------------ PDF


def reportlab_pdf(document: Document, font: str, **options: Any) -> bytes:
    """A PDF by ReportLab: head, page numbers, tables whose head comes again on every page."""
    out = io.BytesIO()
    body = ParagraphStyle("body", fontName=font, fontSize=12, leading=20, firstLineIndent=24, wordWrap="CJK")
    title = ParagraphStyle("title", fontName=font, fontSize=18, leading=30, alignment=1, wordWrap="CJK")
    cell = ParagraphStyle("cell", fontName=font, fontSize=6.5, leading=8, wordWrap="CJK")
    flow: list[Any] = [Flowable(document.title, title)]
    for block in document.blocks:
        flow.append(_reportlab_table(block, cell) if isinstance(block, Grid) else Flowable(block.text, body))

    def dress(canvas: Any, template: Any) -> None:
        canvas.setFont(font, 9)
        canvas.drawString(72, 800, f"{document.source}文件")
        canvas.drawCentredString(297, 30, f"— {template.page} —")

    template = BaseDocTemplate(out, pagesize=A4, **options)
    template.addPageTemplates(PageTemplate(frames=[Frame(72, 60, 451, 720)], onPage=dress))
    template.build(flow)
    return out.getvalue()


def _reportlab_table(grid: Grid, style: ParagraphStyle) -> Table:
    cells, columns = placed_cells(grid)
    rows: list[list[Any]] = [[""] * columns for _ in grid.rows]
    looks: list[tuple[Any, ...]] = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
        *((f"{side}PADDING", (0, 0), (-1, -1), 2) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
    ]
    for one, y, x in cells:
        rows[y][x] = Flowable(one.text.replace("\n", ""), style)
        if one.colspan > 1 or one.rowspan > 1:
            looks.append(("SPAN", (x, y), (x + one.colspan - 1, y + one.rowspan - 1)))
    return Table(rows, colWidths=[451 / columns] * columns, style=looks)


def _adobe_gb1(document: Document, number: int) -> Made:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return made(f"adobe_gb1_{number}.pdf", reportlab_pdf(document, "STSong-Light"), document)


def _embedded(document: Document, number: int) -> Made:
    pdfmetrics.registerFont(TTFont("ZenHei", str(EMBEDDED_FONT), subfontIndex=0))
    return made(f"embedded_{number}.pdf", reportlab_pdf(document, "ZenHei"), document)


def _columns(document: Document, number: int) -> Made:
    style = Style(columns=2, size=10, leading=16, header=f"{document.source}公报")
    return made(f"columns_{number}.pdf", pdf.pdf(typeset(document.title, document.blocks, style)), document)


def _tables(document: Document, number: int) -> Made:
    style = Style(header=document.source, page_numbers="第{}页", repeat_table_head=number % 2 == 0)
    return made(f"tables_{number}.pdf", pdf.pdf(typeset(document.title, document.blocks, style)), document)


# ------------------------------------------------------------------------------------------------ Word


def python_docx(document: Document) -> bytes:
    """A DOCX by python-docx: numbers that the list makes, cells merged both ways, text in a content control."""
    made_by = docx.Document()
    numbering = _numbering(made_by)
    made_by.add_paragraph(document.title)
    for number, block in enumerate(document.blocks):
        if isinstance(block, Grid):
            cells, columns = placed_cells(block)
            table = made_by.add_table(len(block.rows), columns)
            table.style = "Table Grid"
            for one, y, x in cells:
                target = table.cell(y, x)
                if one.colspan > 1 or one.rowspan > 1:
                    target = target.merge(table.cell(y + one.rowspan - 1, x + one.colspan - 1))
                target.text = one.text
            continue
        text = block.text
        if isinstance(block, Heading) and block.level == 1 and text[1:2] == "、" and text[0] == numbering.due():
            text = text[2:]
            numbering.put_on(made_by.add_paragraph(text))
            continue
        paragraph = made_by.add_paragraph()
        # as an editor leaves it: one paragraph in many runs, and some of it in a content control
        third = max(1, len(text) // 3)
        for piece in (text[:third], text[third : 2 * third], text[2 * third :]):
            paragraph.add_run(piece)
        if number % 4 == 1:
            _into_control(paragraph)
    out = io.BytesIO()
    made_by.save(out)
    return out.getvalue()


class _numbering:  # noqa: N801  # a function with a state
    """A list that counts 一、二、三、 by itself."""

    def __init__(self, document: Any) -> None:
        part = document.part.numbering_part.element
        abstract = OxmlElement("w:abstractNum")
        abstract.set(qn("w:abstractNumId"), "77")
        level = OxmlElement("w:lvl")
        level.set(qn("w:ilvl"), "0")
        for tag, value in (("start", "1"), ("numFmt", "chineseCounting"), ("lvlText", "%1、")):
            child = OxmlElement(f"w:{tag}")
            child.set(qn("w:val"), value)
            level.append(child)
        abstract.append(level)
        part.insert(0, abstract)
        number = OxmlElement("w:num")
        number.set(qn("w:numId"), "77")
        base = OxmlElement("w:abstractNumId")
        base.set(qn("w:val"), "77")
        number.append(base)
        part.append(number)
        self._count = 0

    def due(self) -> str:
        return "一二三四五六七八九十"[self._count]

    def put_on(self, paragraph: Any) -> None:
        self._count += 1
        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_numId().val = 77
        properties.get_or_add_ilvl().val = 0


def _into_control(paragraph: Any) -> None:
    run = paragraph.runs[1]._r
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    run.addprevious(control)
    control.append(content)
    content.append(run)


def _docx(document: Document, number: int) -> Made:
    body = python_docx(document) if number % 2 else word.docx(document.title, document.blocks)
    return made(f"{number}.docx", body, document)


def _doc(document: Document, number: int) -> Made:
    return made(f"{number}.doc", word.doc(document.title, document.blocks), document)


def _rtf(document: Document, number: int) -> Made:
    return made(f"{number}.rtf", word.rtf(document.title, document.blocks, escaped=number % 2 == 0), document)


# ------------------------------------------------------------------------------------------------ sheets


def _workbook(document: Document, number: int) -> Made:
    """The document's tables, a sheet each; a report without any is one table of headings and texts."""
    grids = [block for block in document.blocks if isinstance(block, Grid)]
    sheets = [(full_rows(grid), placed_cells(grid)[0]) for grid in grids]
    if not sheets:
        rows = [[str(n), block.text] for n, block in enumerate(document.blocks, 1) if not isinstance(block, Grid)]
        sheets = [(rows, [])]
    old = number % 2 == 0
    body = _xls(sheets) if old else _xlsx(sheets)
    tables = tuple(
        tuple(tuple("".join(text.split()) for text in row) for row in rows if any(row)) for rows, _ in sheets
    )
    once = []
    for rows, cells in sheets:
        once += ["".join(one.cell.text.split()) for one in cells] if cells else ["".join(row) for row in rows]
    return Made(f"{number}.{'xls' if old else 'xlsx'}", body, "", "".join(once), tables)


def _xlsx(sheets: Sequence[tuple[list[list[str]], Sequence[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, (rows, cells) in enumerate(sheets):
        sheet = book.create_sheet(f"表{number + 1}")
        for y, row in enumerate(rows, 1):
            for x, text in enumerate(row, 1):
                sheet.cell(y, x, int(text) if text.isdigit() and str(int(text)) == text else text)
        for one, y, x in cells:
            if one.colspan > 1 or one.rowspan > 1:
                sheet.merge_cells(
                    start_row=y + 1, start_column=x + 1, end_row=y + one.rowspan, end_column=x + one.colspan
                )
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _xls(sheets: Sequence[tuple[list[list[str]], Sequence[Any]]]) -> bytes:
    book = xlwt.Workbook()
    for number, (rows, cells) in enumerate(sheets):
        sheet = book.add_sheet(f"表{number + 1}")
        spans = {(y, x): one for one, y, x in cells}
        taken: set[tuple[int, int]] = set()
        for y, row in enumerate(rows):
            for x, text in enumerate(row):
                if (y, x) in taken:
                    continue
                value = int(text) if text.isdigit() and str(int(text)) == text else text
                one = spans.get((y, x))
                if one is not None and (one.colspan > 1 or one.rowspan > 1):
                    down, right = min(y + one.rowspan, len(rows)) - 1, x + one.colspan - 1
                    sheet.write_merge(y, down, x, right, value)
                    taken.update((v, h) for v in range(y, down + 1) for h in range(x, right + 1))
                else:
                    sheet.write(y, x, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# ------------------------------------------------------------------------------------------------ the rest


def _ofd(document: Document, number: int) -> Made:
    style = Style(header=document.source, columns=1)
    return made(f"{number}.ofd", ofd.ofd(typeset(document.title, document.blocks, style)), document)


def plain_text(title: str, blocks: Sequence[Block]) -> str:
    """As a text file has it: an indent at each paragraph, a row a line."""

    def lines() -> Iterator[str]:
        yield f"　　　　{title}"
        for block in blocks:
            if isinstance(block, Grid):
                yield from ("\t".join(row) for row in full_rows(block))
            else:
                yield f"　　{block.text}"

    return "\r\n".join(lines())


def _packed(document: Document, number: int) -> Made:
    written = word.docx(document.title, document.blocks)
    old = word.doc(document.title, document.blocks)
    if number == 0:
        return made("a.zip", archives.zipped({f"{document.title}.docx": written}, names_in_gbk=True), document)
    if number == 1:
        return made("b.txt", plain_text(document.title, document.blocks).encode("gb18030"), document)
    if number == 2:
        return made("c.txt", plain_text(document.title, document.blocks).encode("utf-16"), document)
    if number == 3:
        return made("d.wps", old, document)
    if number == 4:
        members = {"说明.txt": "附件说明".encode(), f"附件/{document.title}.doc": old, "附件/.DS_Store": b"x"}
        return made("e.zip", archives.zipped(members), document)
    return made("f.rar", archives.rar({f"{document.title}.docx": written}), document)


KINDS: dict[str, Callable[[Document, int], Made]] = {
    "pdf_adobe_gb1": _adobe_gb1,
    "pdf_embedded": _embedded,
    "pdf_columns": _columns,
    "pdf_tables": _tables,
    "docx": _docx,
    "doc": _doc,
    "rtf": _rtf,
    "workbook": _workbook,
    "ofd": _ofd,
    "packed": _packed,
}
