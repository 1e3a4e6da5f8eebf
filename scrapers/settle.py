"""What becomes of a candidate once its page was asked for: a report, the same as before, or a reason."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from scrapers.addresses import host_of
from scrapers.judging.judge import judge
from scrapers.judging.no_document import no_document
from scrapers.reading.learned import LearnedRule
from scrapers.reading.page import read_page
from scrapers.reading.quantities import quantities
from scrapers.reading.words import counted
from scrapers.records import Candidate, Capture, Column, Fetched, KnownPage, Outcome, Report, Source, State
from scrapers.sources.overrides import day_of, hosts_on, layout_on
from scrapers.web.evidence import beginning

SETTLED = frozenset({State.ACCEPTED, State.QUARANTINED, State.REJECTED})
"""States of a page that was fetched and read: it is asked for again only to see whether it was edited."""


def settle(
    source: Source,
    column: Column,
    candidate: Candidate,
    fetched: Fetched,
    known: KnownPage | None,
    *,
    learned: Mapping[str, Sequence[LearnedRule]],
    trusted_hosts: Collection[str],
) -> tuple[Candidate, Report | None, Capture]:
    """The candidate after its page was asked for, the report if there was something to read, and how the fetch ended
    now that the page has been read.

    ``learned`` is chrome by host, ``trusted_hosts`` are trusted beside the source's own. Raises nothing.
    """
    capture = fetched.capture
    unchanged = capture.outcome is Outcome.NOT_MODIFIED or (
        known is not None and capture.digest is not None and capture.digest == known.digest
    )
    if unchanged and known is not None and known.state in SETTLED:
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
) -> Report:
    """The page of a candidate, which ``url`` answered with ``body``, read and judged by what its source says of it.

    One function for crawls and golden pages, so that a page is compared as it is crawled.
    """
    day = day_of(candidate.url, candidate.listed_date, fetched_at)
    draft = read_page(
        body,
        url,
        content_type=content_type,
        charset=source.charset,
        listed_title=candidate.title,
        listed_date=candidate.listed_date,
        learned=learned,
        layout=layout_on(source, day, column.url),
    )
    return judge(
        draft,
        source=source,
        column=column,
        candidate=candidate,
        capture_id=capture_id,
        trusted_hosts=(*trusted_hosts, *hosts_on(source, day)),
    )


def _unanswered(candidate: Candidate, capture: Capture, known: KnownPage | None) -> Candidate:
    """The candidate whose page did not come: a challenge or an error in front of a page we hold says nothing about the
    report."""
    reason = f"{capture.outcome}: {capture.detail}" if capture.detail else str(capture.outcome)
    if known is not None and known.state in SETTLED:
        return replace(candidate, state=known.state, reason=f"held; asked again: {reason}")
    return replace(candidate, state=State.FAILED, reason=reason)
