"""``nianbao read``: one page -> what we make of it, as one JSON object a line, with what was removed and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flows.crawling.web_client import web_client
from flows.settings import Settings
from flows.terminal import say
from flows.upkeep.learned_chrome import Rules, published_rules
from scrapers.addresses import host_of
from scrapers.errors import UsageError
from scrapers.judging.judge import judge
from scrapers.platforms.list_rows import read_list
from scrapers.reading.attachments.file_draft import file_draft
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.file_types import is_file
from scrapers.reading.decode import decode
from scrapers.reading.page import read_page
from scrapers.records import AttachedFile, Attachment, Draft, Outcome, PageKind, Report, Request, Signature
from warehouse.answers.copies import nearest_report
from warehouse.errors import WarehouseError

LISTING = frozenset({PageKind.LIST, PageKind.HOME})
"""Pages that are read for their rows: a hub of several lists is a home page with a list in its middle."""


class PageError(UsageError):
    """A manifest, or a page it names, cannot be read; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page to read: bytes with the address they came from, where it is known."""

    id: str
    file: str | None
    url: str | None
    body: bytes
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """What earlier pages taught: chrome by host, and which trusted report a text repeats."""

    rules: Rules = field(default_factory=dict)
    mirror_of: Callable[[Signature], str | None] | None = None
    """Gives the address of the trusted report that a text is a near copy of. Only quarantined pages ask."""


def held_by(reader: Path) -> Held:
    """What the reader copy holds; nothing, and a word about it, where it cannot be opened: a page can be read alone."""
    try:
        return Held(published_rules(reader), partial(nearest_report, reader))
    except WarehouseError as error:
        say("trouble", f"{error} Pages are read here without what earlier ones taught.")
        return Held()


def read_command(settings: Settings, targets: list[str], manifest: Path | None) -> int:
    """Print a JSON object for each page. Exit code 1 where a page could not be had; the others are printed."""
    pages: list[Callable[[], SavedPage]] = []
    if manifest is not None:
        pages.extend(partial(_from_manifest, manifest, number, row) for number, row in manifest_rows(manifest))
    for target in targets:
        pages.append(partial(_fetched, settings, target) if "://" in target else partial(_saved, Path(target)))
    held = held_by(settings.reader_path)
    failed = False
    for had in pages:
        try:
            page = had()
        except PageError as error:
            failed = True
            say("error", error)
            continue
        draft, report = read_saved(page, settings, held)
        sys.stdout.write(json.dumps(as_json(page, draft, report), ensure_ascii=False) + "\n")
    return 1 if failed else 0


def manifest_rows(manifest: Path) -> list[tuple[int, dict[str, Any]]]:
    """Line number and row of a JSON Lines manifest: ``id``, ``file`` (relative to the manifest) and ``url``.

    Raises :class:`PageError` before anything is read where a row is not of this form.
    """
    try:
        lines = manifest.read_text("utf-8").splitlines()
    except OSError as error:
        raise PageError(f"{manifest}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PageError(f"{manifest}: not UTF-8: {error}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise PageError(f"{manifest}:{number}: not JSON: {error}") from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("file"), str):
            raise PageError(
                f"{manifest}:{number}: a row needs the strings `id` and `file`, and `url` where it is known"
            )
        rows.append((number, row))
    return rows


def _from_manifest(manifest: Path, number: int, row: dict[str, Any]) -> SavedPage:
    path = manifest.parent / row["file"]
    try:
        body = path.read_bytes()
    except OSError as error:
        raise PageError(f"{manifest}:{number}: {path}: {error.strerror}") from error
    return SavedPage(row["id"], row["file"], row.get("url") or None, body, row.get("content_type"))


def as_json(page: SavedPage, draft: Draft, report: Report | None) -> dict[str, Any]:
    """The printed object. Absent values are ``null``; ``text`` is empty where the page is no document."""
    shown: dict[str, Any] = {
        "id": page.id,
        "file": page.file,
        "url": page.url,
        "kind": draft.kind,
        "title": draft.title,
        "published": draft.published,
        "source": draft.source,
        "doc_number": draft.doc_number,
        "index_number": draft.index_number,
        "publisher": report.publisher if report else None,
        "division_code": report.division_code if report else None,
        "parent_division_code": report.parent_division_code if report else None,
        "level": report.level if report else None,
        "report_type": report.report_type if report else None,
        "report_type_reason": report.report_type_reason if report else None,
        "report_year": report.report_year if report else None,
        "report_year_reason": report.report_year_reason if report else None,
        "edition": report.edition if report else None,
        "edition_reason": report.edition_reason if report else None,
        "state": report.state if report else None,
        "state_reason": report.reason if report else None,
        "mirror_of": report.mirror_of if report else None,
        "text": draft.text,
        "tables": [{"caption": table.caption, "rows": table.rows} for table in draft.tables],
        "sections": [
            {"role": s.role, "heading": s.heading, "text": "\n".join(b.text for b in draft.blocks[s.start : s.end])}
            for s in (report.sections if report else ())
        ],
        "figures": [
            {"table": f.table, "path": f.path, "column": f.column, "value": f.value}
            for f in (report.figures if report else ())
        ],
        "attachments": [[attachment.label, attachment.href] for attachment in draft.attachments],
        "files": [_as_json(attachment) for attachment in draft.attachments if attachment.file is not None],
        "text_origin": draft.text_origin,
        "pages": [block.page for block in draft.blocks] if draft.text_origin in ("attachment", "recognised") else None,
        "removed": [{"rule": removal.rule, "text": removal.text} for removal in draft.removed],
        "metadata": dict(draft.metadata),
        "values": [
            {"field": v.field, "value": v.value, "origin": v.origin, "chosen": v.chosen, "note": v.note}
            for v in draft.values
        ],
        "flags": sorted({flag.name for flag in (report.flags if report else draft.flags)}),
        "evidence": [
            {"flag": flag.name, "snippet": flag.evidence} for flag in (report.flags if report else draft.flags)
        ],
    }
    if draft.kind in LISTING:
        shown["rows"] = [
            {"title": row.title, "href": row.href, "date": row.date.isoformat() if row.date else None}
            for row in draft.rows
        ]
        pager = draft.pager
        shown["pager"] = (
            {"kind": pager.kind, "pages": pager.pages, "total": pager.total, "page2": pager.page2} if pager else None
        )
    return shown


def _as_json(attachment: Attachment) -> dict[str, Any]:
    """What came of a file; its text, where it is the report's, stands as the page's."""
    assert attachment.file is not None
    found = attachment.file.reading
    return {
        "name": attachment.label,
        "type": found.file_type,
        "outcome": found.outcome,
        "detail": found.detail,
        "role": attachment.file.role,
        "pages": found.pages,
        "member": found.member,
        "confidence": found.confidence,
        "characters": len(found.text),
    }


def read_saved(page: SavedPage, settings: Settings, held: Held) -> tuple[Draft, Report | None]:
    """Read a page; a document is judged too, by where its address stands and what it says."""
    if is_file(page.body, page.url or page.file):
        draft = _file_draft(page)
        return draft, judge(draft, trusted_hosts=settings.trusted_hosts, mirror_of=held.mirror_of)
    rules = held.rules.get(host_of(page.url), ()) if page.url else ()
    draft = read_page(page.body, page.url, content_type=page.content_type, learned=rules)
    if draft.kind in LISTING:
        hosts = (urlsplit(page.url).netloc,) if page.url else ()
        html, _ = decode(page.body, content_type=page.content_type)
        listing = read_list(html, page.url or "", hosts)
        return replace(draft, rows=listing.rows, pager=listing.pager), None
    if draft.kind is not PageKind.DOCUMENT:
        return draft, None
    return draft, judge(draft, trusted_hosts=settings.trusted_hosts, mirror_of=held.mirror_of)


def _file_draft(page: SavedPage) -> Draft:
    """A report that is a file, read in a process of its own."""
    name = page.file or page.url or ""
    with FileReader() as reader:
        found = reader.read(page.body, name)
    return file_draft(Attachment(Path(name).name, name, page.url or "", AttachedFile(found, length=len(page.body))))


def _saved(path: Path) -> SavedPage:
    try:
        return SavedPage(path.stem, str(path), None, path.read_bytes())
    except OSError as error:
        raise PageError(
            f"{path}: {error.strerror}. Give a saved page, an address with http://, or --manifest M.jsonl"
        ) from error


def _fetched(settings: Settings, address: str) -> SavedPage:
    host = urlsplit(address).netloc
    with web_client(settings) as client:
        fetched = client.fetch(Request(address), hosts=(host,))
    capture = fetched.capture
    if capture.outcome is not Outcome.OK:
        raise PageError(f"{address}: {capture.outcome}" + (f": {capture.detail}" if capture.detail else ""))
    return SavedPage(address, None, capture.final_url, fetched.body, capture.content_type)
