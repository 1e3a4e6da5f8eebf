"""An archived page read and judged anew, by today's code: what a crawl would make of the same bytes today."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from scrapers.judging.attached import NOT_ARCHIVED
from scrapers.reading.learned import LearnedRule
from scrapers.records import (
    Attachment,
    Candidate,
    Capture,
    Column,
    Fetched,
    FileText,
    KnownPage,
    ListRow,
    Outcome,
    Report,
    ReportType,
    Source,
    State,
)
from scrapers.settle import Files, settle
from scrapers.wanted_pages import judge_row
from scrapers.web.capture_index import ArchivedResponse, CaptureNotFoundError, read_capture
from scrapers.web.outcomes import classify


@dataclass(frozen=True, slots=True)
class Reread:
    """What a page gives today."""

    candidate: Candidate | None
    report: Report | None = None
    outcome: Outcome | None = None
    """How the fetch would end today; ``None`` where the archive could not be read."""
    problem: str | None = None
    """Why the page could not be read anew."""


def reread(
    archive: Path,
    source: Source,
    candidate: Candidate,
    capture: Capture,
    *,
    held_before: bool,
    learned: Mapping[str, Sequence[LearnedRule]],
    trusted_hosts: Collection[str],
    files: Sequence[Capture] = (),
    read_file: Callable[[bytes, str | None], FileText] | None = None,
) -> Reread:
    """Read the page of ``candidate`` anew from where ``capture`` says that it stands. Asks no site, raises nothing.

    ``candidate`` is the row as it was listed last; its title is judged anew. ``held_before``: a document was read at
    this address from an earlier answer. ``files`` are the answers of what was found attached, of which each is read, by
    ``read_file``, that was asked for with the page. A page whose row would not be asked for today is rejected for its
    reason.
    """
    if capture.warc_file is None or capture.warc_offset is None:
        return Reread(None, problem=f"{capture.url}: the capture of {capture.fetched_at} is not archived")
    try:
        archived = read_capture(archive, capture.warc_file, capture.warc_offset)
        body = archived.payload()
    except (CaptureNotFoundError, ValueError) as error:
        return Reread(None, problem=f"{capture.url}: {error}")
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    if capture.digest is not None and digest != capture.digest:
        place = f"{capture.warc_file}, byte {capture.warc_offset}"
        return Reread(None, problem=f"{capture.url}: not what was read then at {place}; run `nianbao archive verify`")
    column = column_of(source, candidate)
    judged = rejudged(source, column, candidate)
    today = replace(capture, outcome=Outcome.OK)
    outcome, detail = _classified(archived, body)
    known = KnownPage(candidate.url, State.ACCEPTED) if held_before else None
    if outcome is not Outcome.OK:
        today = replace(capture, outcome=outcome, detail=detail)
    settled, report, ended = settle(
        source,
        column,
        replace(judged, state=State.WANTED),
        Fetched(today, body if outcome is Outcome.OK else b""),
        known,
        learned=learned,
        trusted_hosts=trusted_hosts,
        files=None
        if read_file is None
        else Files(partial(_archived_file, archive, files, capture.fetched_at), read_file),
    )
    problem = settled.reason if settled.state is State.FAILED and settled.reason.startswith("reader:") else None
    if judged.state is not State.WANTED:
        settled = judged
        if report is not None:
            report = replace(report, state=State.REJECTED, reason=judged.reason, words=None, signature=None)
    return Reread(settled, report, ended.outcome, problem)


def _archived_file(archive: Path, files: Sequence[Capture], at: datetime, attachment: Attachment) -> Fetched:
    """The answer of an attached file that belongs to a page of that time: the next one, else the last before."""
    ours = [one for one in files if one.url == attachment.url]
    nearest = next((one for one in ours if one.fetched_at >= at), ours[-1] if ours else None)
    if nearest is None:
        return Fetched(Capture("", attachment.url, attachment.url, at, Outcome.NOT_ASKED, NOT_ARCHIVED), b"")
    if nearest.outcome is not Outcome.OK or nearest.warc_file is None or nearest.warc_offset is None:
        return Fetched(nearest, b"")
    try:
        return Fetched(nearest, read_capture(archive, nearest.warc_file, nearest.warc_offset).payload())
    except (CaptureNotFoundError, ValueError) as error:
        return Fetched(replace(nearest, outcome=Outcome.NOT_ASKED, detail=f"its archived answer: {error}"), b"")


def rejudged(source: Source, column: Column, candidate: Candidate) -> Candidate:
    """A row with today's judgement on its title and address."""
    row = ListRow(
        candidate.title,
        candidate.url,
        candidate.url,
        candidate.listed_date,
        pinned=candidate.pinned,
        off_host=candidate.state is State.OFF_HOST,
    )
    seen_at = candidate.seen_at or datetime.min
    return judge_row(source, column, row, seen_at, seen_at)


def column_of(source: Source, candidate: Candidate) -> Column:
    """The column in which ``candidate`` was listed; where the registry no longer has it, one of that address alone."""
    for column in source.columns:
        if column.url == candidate.column_url:
            return column
    types = (candidate.report_type,) if candidate.report_type is not None else tuple(ReportType)
    return Column(candidate.column_url, "plain", types)


def _classified(archived: ArchivedResponse, body: bytes) -> tuple[Outcome, str | None]:
    return classify(archived.status, archived.headers, body, url=archived.url, document=True)
