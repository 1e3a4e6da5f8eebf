"""XLS and XLSX: every visible sheet is a table with its merged cells filled. No formula is computed, no macro run."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta

import python_calamine

from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.reading.attachments.unpacking import Unpacked
from scrapers.reading.attachments.writing import Writing
from scrapers.records import FileOutcome, FileText, Flag

_MOST_CELLS = 2_000_000


def read_workbook(body: bytes, limits: Limits) -> FileText:
    """The sheets of a workbook; ``page`` of a block is the number of its sheet. Raises :class:`FileTrouble`."""
    if body.startswith(b"PK"):
        packed = Unpacked(body, limits)
        for name in packed.names():  # what the library will unpack, within our limits and without entities
            content = packed.read(name)
            if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in content[:4096]:
                raise FileTrouble(FileOutcome.UNSUPPORTED, f"{name} declares a document type: refused")
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body))
        sheets = [book.get_sheet_by_name(sheet.name) for sheet in book.sheets_metadata if _is_shown(sheet)]
        writing = Writing()
        cells = 0
        for number, sheet in enumerate(sheets, 1):
            cells += sheet.total_height * sheet.total_width
            if cells > _MOST_CELLS:
                raise FileTrouble(FileOutcome.TOO_LARGE, f"more than {_MOST_CELLS} cells")
            _write_sheet(writing, sheet, number)
    except python_calamine.PasswordError as error:
        raise FileTrouble(FileOutcome.ENCRYPTED, "the workbook opens with a password only") from error
    except python_calamine.CalamineError as error:
        raise FileTrouble(FileOutcome.TRUNCATED, f"damaged: {error}") from error
    text, blocks, tables, removed = writing.finished()
    if not text:
        raise FileTrouble(FileOutcome.EMPTY, f"{len(sheets)} sheets without a cell that is filled")
    hidden = len(book.sheets_metadata) - len(sheets)
    flags = (Flag("hidden_sheets", f"{hidden} sheets that a reader does not see are left out"),) if hidden else ()
    return FileText(
        FileOutcome.READ, text=text, blocks=blocks, tables=tables, removed=removed, pages=len(sheets), flags=flags
    )


def _is_shown(sheet: python_calamine.SheetMetadata) -> bool:
    return (
        sheet.visible == python_calamine.SheetVisibleEnum.Visible
        and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
    )


def _write_sheet(writing: Writing, sheet: python_calamine.CalamineSheet, number: int) -> None:
    rows = [[_shown(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]
    covered: set[tuple[int, int]] = set()
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if top >= len(rows) or left >= len(rows[top]):
            continue
        for y in range(top, min(bottom + 1, len(rows))):
            for x in range(left, min(right + 1, len(rows[y]))):
                if (y, x) != (top, left):
                    rows[y][x] = rows[top][left]
                    covered.add((y, x))
    lines = []
    for y, row in enumerate(rows):
        line = "\t".join(text for x, text in enumerate(row) if (y, x) not in covered).rstrip("\t")
        lines.append(line)
    width = max((x + 1 for row in rows for x, text in enumerate(row) if text), default=0)
    kept = tuple(tuple(row[:width]) for row in rows if any(row))
    if width == 1:
        for line in lines:
            writing.paragraph(line, number)
    elif kept:
        writing.table(kept, tuple(lines), number)
        writing.caption(sheet.name)


def _shown(value: object) -> str:
    """A cell as a reader sees it, as far as the file says so without its number formats."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return " ".join(str(value).split())
