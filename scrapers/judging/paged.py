"""An article over several pages as one draft: its further pages are asked for one after the other, and their texts put
behind the first's. What could not be had stays a flag of the report, and the next crawl asks for it.

Pure but for ``fetch``, which a crawl answers from the web and a later reading of the archive from its captures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from scrapers.judging.attached import looked_at
from scrapers.reading.further_pages import PAGES_MISSING
from scrapers.records import (
    Attachment,
    Draft,
    Fetched,
    FileOutcome,
    FileRole,
    FileText,
    Flag,
    Outcome,
    PageKind,
)

MOST_PAGES = 30
"""Pages of one article that are read, the first counted."""


@dataclass(frozen=True, slots=True)
class FurtherPage:
    """A page behind the first with what came of it; ``draft`` where it goes on with the article."""

    attachment: Attachment
    draft: Draft | None = None


def further_pages(
    first: Draft, fetch: Callable[[Attachment], Fetched], read: Callable[[Fetched], Draft]
) -> tuple[FurtherPage, ...]:
    """The pages behind ``first`` in their order, up to the first that could not be had."""
    found: list[FurtherPage] = []
    seen = {first.url}
    texts = {first.text}
    pager = first.pager
    while pager is not None and pager.page2 is not None and pager.page2 not in seen and len(found) + 1 < MOST_PAGES:
        url = pager.page2
        seen.add(url)
        attachment = Attachment(f"第{len(found) + 2}页", url, url)
        fetched = fetch(attachment)
        capture = fetched.capture
        if capture.outcome is not Outcome.OK:
            detail = f"{capture.outcome}: {capture.detail}" if capture.detail else str(capture.outcome)
            return (*found, FurtherPage(_looked(attachment, fetched, FileText(FileOutcome.NOT_FETCHED, detail=detail))))
        part = read(fetched)
        other = _elsewhere(url, capture.final_url) or _other(part, texts)
        if other is not None:
            reading = FileText(FileOutcome.MISLABELLED, "html", detail=other)
            return (*found, FurtherPage(_looked(attachment, fetched, reading)))
        found.append(
            FurtherPage(_looked(attachment, fetched, FileText(FileOutcome.READ, "html", text=part.text)), part)
        )
        texts.add(part.text)
        pager = part.pager
    return tuple(found)


def _looked(attachment: Attachment, fetched: Fetched, reading: FileText) -> Attachment:
    capture = fetched.capture
    looked = looked_at(attachment, reading, capture_id=capture.capture_id or None, digest=capture.digest)
    assert looked.file is not None
    length = len(fetched.body) if fetched.body else None
    why = "the page before leads here"
    return replace(looked, file=replace(looked.file, role=FileRole.PAGE, role_reason=why, length=length))


def _elsewhere(asked: str, answered: str) -> str | None:
    """Where a redirect led to another document; from http to https, or to another name of the host, it does not."""
    to, of = urlsplit(answered), urlsplit(asked)
    same = unquote(f"{to.path}?{to.query}") == unquote(f"{of.path}?{of.query}")
    return None if same else f"it led to {answered}"


def _other(part: Draft, texts: set[str]) -> str | None:
    """Why what answered is no further page."""
    if part.kind is not PageKind.DOCUMENT or not part.text:
        return f"a page without text of the article ({part.kind})"
    return "the same text as a page before" if part.text in texts else None


def with_pages(first: Draft, pages: Sequence[FurtherPage]) -> Draft:
    """The draft of the whole article. Its attachments are those of all pages, without the pages themselves."""
    parts = [page.draft for page in pages if page.draft is not None]
    whole = first
    for part in parts:
        before = f"{whole.text}\n" if whole.text else ""
        at, tables = len(before), len(whole.tables)
        hung = {attachment.url for attachment in whole.attachments}
        whole = replace(
            whole,
            text=f"{before}{part.text}",
            blocks=(
                *whole.blocks,
                *(replace(one, table=None if one.table is None else one.table + tables) for one in part.blocks),
            ),
            tables=(*whole.tables, *part.tables),
            removed=(*whole.removed, *(replace(one, at=one.at + at) for one in part.removed)),
            attachments=(*whole.attachments, *(one for one in part.attachments if one.url not in hung)),
            flags=(*whole.flags, *(one for one in part.flags if one.name != PAGES_MISSING)),
        )
    missing = _missing(first, pages)
    flags = tuple(one for one in dict.fromkeys(whole.flags) if one.name != PAGES_MISSING)
    return replace(whole, flags=flags if missing is None else (*flags, Flag(PAGES_MISSING, missing)))


def with_attachments(draft: Draft, pages: Sequence[FurtherPage]) -> Draft:
    """The draft with its further pages behind its attachments: so it is known what was asked for and what came."""
    return replace(draft, attachments=(*draft.attachments, *(page.attachment for page in pages)))


def _missing(first: Draft, pages: Sequence[FurtherPage]) -> str | None:
    assert first.pager is not None
    stated = first.pager.pages
    last = pages[-1] if pages else None
    read = 1 + sum(page.draft is not None for page in pages)
    if last is not None and last.draft is None:
        assert last.attachment.file is not None
        reading = last.attachment.file.reading
        return f"page {read + 1}{_of(stated)}: {last.attachment.url}: {reading.outcome}: {reading.detail}"
    goes_on = (last.draft if last is not None and last.draft is not None else first).pager
    if goes_on is not None or (stated is not None and read < stated):
        return f"{read} pages{_of(stated)} were read"
    return None


def _of(stated: int | None) -> str:
    return "" if stated is None else f" of {stated}"
