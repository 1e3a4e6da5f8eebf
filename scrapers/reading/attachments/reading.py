"""Bytes of a file -> :class:`FileText`: the type by content, then that type's reader; every end is an outcome.

Runs wherever it is called: hostile files belong into ``file_reader.FileReader``, which calls it in a process that may
die.
"""

from __future__ import annotations

import html
from dataclasses import replace

from scrapers.reading.attachments.file_types import FileType, file_type, named_ending, named_otherwise
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.ofd import read_ofd
from scrapers.reading.attachments.packed import only_document
from scrapers.reading.attachments.pdf import read_pdf
from scrapers.reading.attachments.programs import Program, find, run_on_file
from scrapers.reading.attachments.rtf import read_rtf
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.reading.attachments.word_binary import read_doc
from scrapers.reading.attachments.word_xml import read_docx
from scrapers.reading.attachments.workbook import read_workbook
from scrapers.reading.attachments.writing import Writing
from scrapers.reading.decode import decode
from scrapers.reading.page import read_page
from scrapers.records import FileOutcome, FileText, Flag, PageKind

_PAGE_SAYS = 200
"""Characters from which a web page named as a document is one: Word saves documents as pages, and servers their
error messages."""
_MOST_ARCHIVES = 2
"""Archives inside of each other."""


def read_file(body: bytes, name: str | None = None, limits: Limits | None = None) -> FileText:
    """Read a file. ``name`` (or an address) is what it is called, for evidence alone. No file makes it raise."""
    bounds = limits or Limits()
    kind = None
    try:
        if len(body) > bounds.max_bytes:
            raise FileTrouble(FileOutcome.TOO_LARGE, f"{len(body)} bytes; at most {bounds.max_bytes} are read")
        if not body.strip(b"\0 \r\n\t"):
            raise FileTrouble(FileOutcome.EMPTY, f"{len(body)} bytes of nothing")
        kind = file_type(body)
        found = _read(body, kind, name, bounds, 0)
    except FileTrouble as trouble:
        found = FileText(trouble.outcome, detail=trouble.detail)
    except RecursionError:
        found = FileText(FileOutcome.UNSUPPORTED, detail="nested too deep")
    return replace(
        found,
        file_type=found.file_type or (kind.value if kind is not None else None),
        flags=(*found.flags, *_misnamed(name, kind, found)),
    )


def _misnamed(name: str | None, kind: FileType | None, found: FileText) -> tuple[Flag, ...]:
    ending = named_otherwise(name, kind)
    if ending is None or found.outcome is FileOutcome.MISLABELLED:
        return ()
    return (Flag("mislabelled", f"named .{ending}, is {kind or 'nothing known'}"),)


def _read(body: bytes, kind: FileType | None, name: str | None, limits: Limits, depth: int) -> FileText:
    if kind is FileType.PDF:
        return read_pdf(body, limits)
    if kind is FileType.DOCX:
        return _read_docx(body, limits)
    if kind is FileType.DOC:
        return _read_doc(body, limits)
    if kind is FileType.RTF:
        return read_rtf(body, limits)
    if kind in (FileType.XLS, FileType.XLSX):
        return read_workbook(body, limits)
    if kind is FileType.OFD:
        return read_ofd(body, limits)
    if kind in (FileType.ZIP, FileType.RAR):
        if depth >= _MOST_ARCHIVES:
            raise FileTrouble(FileOutcome.UNSUPPORTED, f"archives in each other, more than {_MOST_ARCHIVES} deep")
        member = only_document(body, kind, limits)
        inside = file_type(member.body)
        try:
            found = _read(member.body, inside, member.name, limits, depth + 1)
        except FileTrouble as trouble:
            raise FileTrouble(trouble.outcome, f"{member.name}: {trouble.detail}") from trouble
        return replace(found, member=found.member or member.name, file_type=found.file_type or inside)
    if kind is FileType.IMAGE:
        raise FileTrouble(FileOutcome.NEEDS_OCR, "a picture")
    if kind is FileType.HTML:
        return _read_html(body)
    if kind is FileType.TEXT and named_ending(name) in (None, "txt", "csv"):
        return _read_text(body, limits)
    ending = named_ending(name)
    if kind is FileType.TEXT:
        said = " ".join(decode(body[:400])[0].split())[:80]
        raise FileTrouble(FileOutcome.MISLABELLED, f"named .{ending}, is plain text: {said}")
    if ending is not None:
        raise FileTrouble(FileOutcome.MISLABELLED, f"named .{ending}, begins with {body[:8]!r}: no document known here")
    raise FileTrouble(FileOutcome.UNSUPPORTED, f"begins with {body[:8]!r}: no type known here")


def _read_docx(body: bytes, limits: Limits) -> FileText:
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileTrouble(FileOutcome.ENCRYPTED, "the document opens with a password only")
    return read_docx(body, limits)


def _read_doc(body: bytes, limits: Limits) -> FileText:
    """The reader here; where a file is beyond it, the programs that are installed, by their speed."""
    try:
        return read_doc(body, limits)
    except FileTrouble as trouble:
        if trouble.outcome is not FileOutcome.UNSUPPORTED:
            raise  # of a torn file those programs give what is left, as if it were the document
        first = trouble
    for program in (Program.ANTIWORD, Program.CATDOC, Program.SOFFICE):
        path = find(program)
        if path is None:
            continue
        try:
            text = _by_program(program, path, body, limits)
        except FileTrouble:
            continue  # the next one may know better; what the first reader said is kept
        if text.strip() and text.count("\ufffd") * 20 < len(text):
            found = _lines(text, limits)
            return replace(found, flags=(Flag("read_by", f"{program}: {first.detail}"),))
    missing = [program for program in (Program.ANTIWORD, Program.CATDOC, Program.SOFFICE) if find(program) is None]
    hint = f"; not installed: {', '.join(missing)}" if missing else ""
    raise FileTrouble(first.outcome, first.detail + hint)


def _by_program(program: Program, path: str, body: bytes, limits: Limits) -> str:
    if program is Program.ANTIWORD:
        said = run_on_file([path, "-m", "UTF-8.txt", "-w", "0", "FILE"], body, "doc", limits, what="DOC")
    elif program is Program.CATDOC:
        said = run_on_file([path, "-d", "utf-8", "-w", "FILE"], body, "doc", limits, what="DOC")
    else:
        profile = "-env:UserInstallation=file://FOLDER/profile"
        command = [path, profile, "--headless", "--norestore", "--convert-to", "txt:Text (encoded):UTF8"]
        said = run_on_file(
            [*command, "--outdir", "FOLDER", "FILE"], body, "doc", limits, what="DOC", output="document.txt"
        )
    return said.decode("utf-8-sig", "replace")


def _read_text(body: bytes, limits: Limits) -> FileText:
    text, encoding = decode(body)
    found = _lines(text, limits)
    return replace(found, encoding=encoding)


def _lines(text: str, limits: Limits) -> FileText:
    """Plain text, a paragraph a line; lines with tabs one under the other are a table."""
    if len(text) > limits.max_characters:
        raise FileTrouble(FileOutcome.TOO_LARGE, f"more than {limits.max_characters} characters")
    writing = Writing()
    rows: list[tuple[str, ...]] = []

    def close() -> None:
        if len(rows) > 1:
            width = max(map(len, rows))
            filled = tuple(row + ("",) * (width - len(row)) for row in rows)
            writing.table(filled, tuple("\t".join(row).rstrip("\t") for row in rows))
        elif rows:
            writing.paragraph(" ".join(rows[0]))
        rows.clear()

    for line in text.replace("\x0c", "\n").splitlines():
        cells = tuple(" ".join(cell.split()) for cell in line.strip("\r\n ").split("\t"))
        if sum(map(bool, cells)) > 1:
            rows.append(cells)
        else:
            close()
            writing.paragraph(line)
    close()
    whole, blocks, tables, removed = writing.finished()
    if not whole:
        raise FileTrouble(FileOutcome.EMPTY, "white space alone")
    return FileText(FileOutcome.READ, text=whole, blocks=blocks, tables=tables, removed=removed)


def _read_html(body: bytes) -> FileText:
    draft = read_page(body, None)
    if draft.kind is PageKind.DOCUMENT and len(draft.text) >= _PAGE_SAYS:
        return FileText(
            FileOutcome.READ,
            text=draft.text,
            blocks=draft.blocks,
            tables=draft.tables,
            removed=draft.removed,
            encoding=draft.encoding,
        )
    said = " ".join(html.unescape(draft.title or draft.text or "").split())[:80]
    raise FileTrouble(FileOutcome.MISLABELLED, f"a web page ({draft.kind}){f': {said}' if said else ''}")
