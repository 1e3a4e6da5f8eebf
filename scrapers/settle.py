"""What becomes of a candidate once its page was asked for: a report, the same as before, or a reason."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from scrapers.addresses import host_of
from scrapers.judging.attached import (
    files_to_ask_for,
    is_worth_files,
    looked_at,
    not_wanted,
    slimmed,
    with_files,
)
from scrapers.judging.judge import judge
from scrapers.judging.no_document import no_document
from scrapers.judging.paged import FurtherPage, further_pages, with_attachments, with_pages
from scrapers.reading.attachments.file_draft import file_draft
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.file_types import is_file, named_ending
from scrapers.reading.learned import LearnedRule
from scrapers.reading.page import read_page
from scrapers.reading.quantities import quantities
from scrapers.reading.words import counted
from scrapers.records import (
    Attachment,
    Candidate,
    Capture,
    Column,
    Draft,
    Fetched,
    FileOutcome,
    FileText,
    KnownPage,
    Outcome,
    Report,
    Source,
    State,
)
from scrapers.sources.overrides import day_of, hosts_on, layout_on
from scrapers.web.evidence import beginning

SETTLED = frozenset({State.ACCEPTED, State.QUARANTINED, State.REJECTED})
"""States of a page that was fetched and read: it is asked for again only to see whether it was edited."""


@dataclass(frozen=True, slots=True)
class Files:
    """Where attached files come from, the web in a crawl and the archive when it is read again, and who reads them."""

    fetch: Callable[[Attachment], Fetched]
    """The answer of a file, or of a further page; one without body where it could not be had."""
    read: Callable[[bytes, str | None], FileText]
    """:meth:`scrapers.reading.attachments.file_reader.FileReader.read`, or one that does the same."""


def settle(
    source: Source,
    column: Column,
    candidate: Candidate,
    fetched: Fetched,
    known: KnownPage | None,
    *,
    learned: Mapping[str, Sequence[LearnedRule]],
    trusted_hosts: Collection[str],
    files: Files | None = None,
) -> tuple[Candidate, Report | None, Capture]:
    """The candidate after its page was asked for, the report if there was something to read, and how the fetch ended
    now that the page has been read.

    ``learned`` is chrome by host, ``trusted_hosts`` are trusted beside the source's own. ``files`` are asked for what
    is attached; without them attachments stay links, as they were before anybody looked. Raises nothing.
    """
    capture = fetched.capture
    unchanged = capture.outcome is Outcome.NOT_MODIFIED or (
        known is not None and capture.digest is not None and capture.digest == known.digest
    )
    if unchanged and known is not None and known.state in SETTLED and not known.files_missing:
        return replace(candidate, state=known.state, reason="unchanged since it was read"), None, capture
    if capture.outcome is Outcome.NOT_ASKED:
        held = known is not None and known.state in SETTLED
        return replace(candidate, reason=f"{'held; ' if held else ''}not asked: {capture.detail}"), None, capture
    if capture.outcome is not Outcome.OK:
        return _unanswered(candidate, capture, known), None, capture
    try:
        report = read_candidate(
            source,
            column,
            candidate,
            fetched.body,
            url=capture.final_url,
            content_type=capture.content_type,
            fetched_at=capture.fetched_at,
            learned=learned.get(host_of(capture.final_url), ()),
            trusted_hosts=trusted_hosts,
            capture_id=capture.capture_id,
            files=files,
        )
        ended = no_document(report.draft, held=known is not None and known.state in (State.ACCEPTED, State.QUARANTINED))
        if ended is not None:
            outcome, detail = ended
            capture = replace(capture, outcome=outcome, detail=detail, beginning=beginning(fetched.body))
            return _unanswered(candidate, capture, known), None, capture
    except Exception as error:  # noqa: BLE001  # a page nobody foresaw is a row to be looked at, not the end of a run
        at = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"reader: {error!r} at {at.filename.rpartition('/')[2]}:{at.lineno}; the page is archived"
        return replace(candidate, state=State.FAILED, reason=reason), None, capture
    if report.state is State.ACCEPTED:
        report = replace(
            report,
            words=counted(report.draft.text),
            quantities=quantities(report.draft.text, report.draft.blocks),
        )
    return replace(candidate, state=report.state, reason=report.reason), report, capture


def read_candidate(
    source: Source,
    column: Column,
    candidate: Candidate,
    body: bytes,
    *,
    url: str,
    content_type: str | None,
    fetched_at: datetime,
    learned: Sequence[LearnedRule] = (),
    trusted_hosts: Collection[str] = (),
    capture_id: str | None = None,
    files: Files | None = None,
) -> Report:
    """The page of a candidate, which ``url`` answered with ``body``, read and judged by what its source says of it.

    One function for crawls and golden pages, so that a page is compared as it is crawled. What answered may be a file
    itself; a page's ``files`` are looked at where it is a report, or says too little to be anything else. A report over
    several pages is read to its end where there are ``files`` to ask.
    """
    day = day_of(candidate.url, candidate.listed_date, fetched_at)
    own_hosts = (*trusted_hosts, *hosts_on(source, day))

    def judged(draft: Draft) -> Report:
        return judge(
            draft,
            source=source,
            column=column,
            candidate=candidate,
            capture_id=capture_id,
            trusted_hosts=own_hosts,
        )

    if is_file(body, url):
        return judged(_file_as_document(candidate, body, url, capture_id, files))
    read = partial(
        read_page,
        charset=source.charset,
        listed_title=candidate.title,
        listed_date=candidate.listed_date,
        learned=learned,
        layout=layout_on(source, day, column.url),
    )
    draft = read(body, url, content_type=content_type)
    report = judged(draft)
    pages: tuple[FurtherPage, ...] = ()
    if files is not None and draft.pager is not None and report.report_type is not None:

        def read_further(fetched: Fetched) -> Draft:
            capture = fetched.capture
            return read(fetched.body, capture.final_url, content_type=capture.content_type, first=url)

        pages = further_pages(draft, files.fetch, read_further)
        draft = with_pages(draft, pages)
        report = judged(with_attachments(draft, pages))
    if files is None or not is_worth_files(draft, is_report=report.report_type is not None):
        return report
    looked = [
        not_wanted(choice.attachment, choice.why_not)
        if choice.why_not is not None
        else read_attachment(choice.attachment, files.fetch(choice.attachment), files.read)
        for choice in files_to_ask_for(draft)
    ]
    return judged(with_attachments(with_files(draft, looked, listed_title=candidate.title), pages))


def read_attachment(
    attachment: Attachment, fetched: Fetched, read: Callable[[bytes, str | None], FileText]
) -> Attachment:
    """An attachment with its answer, read: what a crawl and a later reading of the archive have in common."""
    capture = fetched.capture
    if capture.outcome is not Outcome.OK:
        detail = f"{capture.outcome}: {capture.detail}" if capture.detail else str(capture.outcome)
        return looked_at(
            attachment, FileText(FileOutcome.NOT_FETCHED, detail=detail), capture_id=capture.capture_id or None
        )
    return looked_at(
        attachment,
        read(fetched.body, attachment.href if named_ending(attachment.href) else attachment.label),
        capture_id=capture.capture_id,
        digest=capture.digest or _digest(fetched.body),
        length=len(fetched.body),
    )


def _file_as_document(
    candidate: Candidate, body: bytes, url: str, capture_id: str | None, files: Files | None
) -> Draft:
    """The draft of a row that leads straight to a file."""
    if files is not None:
        found = files.read(body, url)
    else:
        with FileReader() as reader:
            found = reader.read(body, url)
    attachment = looked_at(
        Attachment(candidate.title, url, url), found, capture_id=capture_id, digest=_digest(body), length=len(body)
    )
    draft = file_draft(attachment, listed_title=candidate.title, listed_date=candidate.listed_date)
    return replace(draft, attachments=tuple(map(slimmed, draft.attachments)))


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _unanswered(candidate: Candidate, capture: Capture, known: KnownPage | None) -> Candidate:
    """The candidate whose page did not come: a challenge or an error in front of a page we hold says nothing about the
    report."""
    reason = f"{capture.outcome}: {capture.detail}" if capture.detail else str(capture.outcome)
    if known is not None and known.state in SETTLED:
        return replace(candidate, state=known.state, reason=f"held; asked again: {reason}")
    return replace(candidate, state=State.FAILED, reason=reason)
