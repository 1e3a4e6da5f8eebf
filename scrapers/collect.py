"""The way of a report from a column to a batch: list, judge the titles, fetch what is wanted, read, judge.

Knows no scheduler and no database: what is already held comes in as :class:`KnownPage`, what was found goes out as
:class:`Batch`, so the same function serves a daily crawl, a backfill and a test.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from scrapers.judging.genre import judge_title
from scrapers.judging.judge import judge
from scrapers.platforms.addresses import host_of
from scrapers.platforms.listing import list_column
from scrapers.reading.decode import decode
from scrapers.reading.learned import LearnedRule
from scrapers.reading.page import read_page
from scrapers.reading.words import counted
from scrapers.records import (
    Batch,
    Candidate,
    Capture,
    Column,
    ColumnListing,
    Fetched,
    KnownColumn,
    KnownPage,
    Listing,
    ListRow,
    Outcome,
    Report,
    Request,
    Source,
    State,
)

SETTLED = frozenset({State.ACCEPTED, State.QUARANTINED, State.REJECTED})
"""States of a page that was fetched and read: it is asked for again only to see whether it was edited."""


class Fetcher(Protocol):
    """What collecting needs of the web: ``scrapers.web.client.Client`` is one."""

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened while a source was collected, for progress bars."""

    source_id: str
    listed: int = 0
    wanted: int = 0
    fetched: int = 0


@dataclass(slots=True)
class Tally:
    """What came of one source; the row of the run's summary table."""

    source_id: str
    publisher: str
    listed: int = 0
    wanted: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    quarantined: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a source is to be collected."""

    run_id: str
    recheck_after: timedelta = timedelta(days=30)
    """A held page is asked for again, conditionally, when it was last asked for longer ago than this."""
    relist: bool = False
    """List every column to its end, also where the first page shows nothing new: finds rows that vanished."""
    batch_pages: int = 50
    trusted_hosts: tuple[str, ...] = ()
    learned: Mapping[str, Sequence[LearnedRule]] = field(default_factory=dict)
    """Chrome learned from earlier pages, by host."""


def collect(
    source: Source,
    *,
    plan: Plan,
    client: Fetcher,
    known: Mapping[str, KnownPage],
    tally: Tally,
    columns: Mapping[str, KnownColumn] | None = None,
    on_step: Callable[[Step], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[Batch]:
    """Collect one source; yields a batch with the listings and all candidates first, then one for each few pages.

    ``tally`` is filled as the work goes on. Nothing is raised for what a site does: every failure is a row.
    """
    sequence = 0
    captures: list[Capture] = []

    def fetch(request: Request, page: KnownPage | None = None) -> Fetched:
        fetched = client.fetch(request, hosts=source.hosts, pace_seconds=source.pace_seconds, known=page)
        captures.append(fetched.capture)
        return fetched

    listings: list[ColumnListing] = []
    candidates: dict[str, Candidate] = {}
    wanted: list[tuple[Column, Candidate]] = []
    for column, listing in _list_columns(source, fetch, {} if plan.relist else columns or {}):
        listings.append(ColumnListing(source.id, column.url, clock(), listing))
        tally.listed += len(listing.rows)
        if listing.outcome is not Outcome.OK:
            tally.problems.append(f"{column.url}: {listing.outcome}: {listing.detail}")
        now = clock()
        rows = [(row, now) for row in listing.rows]
        if listing.stopped_early or listing.outcome is not Outcome.OK:
            rows += _left_over(column, known, now, plan.recheck_after)
        for row, seen_at in rows:
            if row.url in candidates:
                continue  # listed in an earlier column of this source too: one address is one candidate
            page = known.get(row.url)
            candidate = _first_judgement(source, column, row, seen_at)
            due = candidate.state is State.WANTED
            if due and page is not None and page.fetched_at is not None and page.state in SETTLED:
                due = _is_due(page, row, now, plan.recheck_after)
                candidate = replace(candidate, state=page.state, reason="held: read in an earlier run")
            candidates[row.url] = candidate
            if due:
                wanted.append((column, candidate))
    tally.wanted = len(wanted)
    tally.rejected += sum(candidate.state is State.REJECTED for candidate in candidates.values())
    on_step(Step(source.id, listed=tally.listed, wanted=len(wanted)))
    yield Batch(
        plan.run_id,
        source.id,
        sequence,
        candidates=tuple(candidates.values()),
        listings=tuple(listings),
        captures=_drain(captures),
    )

    for start in range(0, len(wanted), plan.batch_pages):
        sequence += 1
        settled: list[Candidate] = []
        reports: list[Report] = []
        for column, candidate in wanted[start : start + plan.batch_pages]:
            page = known.get(candidate.url)
            fetched = fetch(Request(candidate.url, headers={"Referer": column.url}), page)
            outcome, report = _settle(source, column, candidate, fetched, page, plan)
            settled.append(outcome)
            if report is not None:
                reports.append(report)
            _count(tally, outcome, fetched.capture, report, page)
            on_step(Step(source.id, listed=tally.listed, wanted=len(wanted), fetched=start + len(settled)))
        yield Batch(
            plan.run_id,
            source.id,
            sequence,
            candidates=tuple(settled),
            captures=_drain(captures),
            reports=tuple(reports),
        )


def list_source(source: Source, client: Fetcher) -> Iterator[tuple[Column, Listing]]:
    """Every column of a source, listed in full, nothing fetched beyond the lists."""
    return _list_columns(
        source, lambda request: client.fetch(request, hosts=source.hosts, pace_seconds=source.pace_seconds), {}
    )


def _list_columns(
    source: Source, fetch: Callable[[Request], Fetched], known: Mapping[str, KnownColumn]
) -> Iterator[tuple[Column, Listing]]:
    """Each column, listed as far as needed: whole, or its first page and what an earlier listing could not read."""

    def answer(request: Request) -> tuple[Outcome, str | None, str]:
        fetched = fetch(request)
        capture = fetched.capture
        text, _ = decode(fetched.body, content_type=capture.content_type, charset=source.charset)
        return capture.outcome, capture.detail, text

    for column in source.columns:
        before = known.get(column.url)
        if before is None:
            yield column, list_column(source, column, answer)
        else:
            yield (
                column,
                list_column(
                    source,
                    column,
                    answer,
                    known=before.addresses,
                    stop_when_known=before.outcome is Outcome.OK,
                    only_pages=before.unread_pages,
                ),
            )


def _left_over(
    column: Column, known: Mapping[str, KnownPage], now: datetime, recheck_after: timedelta
) -> list[tuple[ListRow, datetime]]:
    """Rows of earlier listings that this one did not reach, whose page is wanted or due; with when they were seen."""
    rows = []
    for page in known.values():
        if page.column_url != column.url or page.title is None or page.seen_at is None:
            continue
        row = ListRow(page.title, page.url, page.url, page.listed_date)
        held = page.state in SETTLED and page.fetched_at is not None
        if page.state in (State.WANTED, State.FAILED) or (held and _is_due(page, row, now, recheck_after)):
            rows.append((row, page.seen_at))
    return rows


def _first_judgement(source: Source, column: Column, row: ListRow, seen_at: datetime) -> Candidate:
    """The candidate of a row, judged by its title and address alone."""
    title = judge_title(row.title, column_name=column.name, report_types=column.report_types)
    state, reason = State.WANTED, title.reason
    if row.off_host:
        state, reason = State.OFF_HOST, f"host: {urlsplit(row.url).netloc} is none of {', '.join(source.hosts)}"
    elif row.url in source.ignored:
        state, reason = State.REJECTED, f"ignored: {source.ignored[row.url]}"
    elif not _admits(column, row.title):
        state, reason = State.REJECTED, "column: the title is not among those this column is read for"
    elif not title.likely:
        state = State.REJECTED
    return Candidate(
        source_id=source.id,
        column_url=column.url,
        url=row.url,
        title=row.title,
        listed_date=row.date,
        state=state,
        reason=reason,
        report_type=title.report_type,
        pinned=row.pinned,
        seen_at=seen_at,
    )


def _admits(column: Column, title: str) -> bool:
    if column.include and not _matches(column.include, title):
        return False
    return not _matches(column.exclude, title)


def _matches(patterns: Collection[str], title: str) -> bool:
    return any(re.search(pattern, title) for pattern in patterns)


def _is_due(known: KnownPage, row: ListRow, now: datetime, recheck_after: timedelta) -> bool:
    """Whether a held page is asked for again: its row was renamed, or nobody looked at it for a while."""
    renamed = known.title is not None and known.title != row.title
    return renamed or (known.fetched_at is not None and now - known.fetched_at > recheck_after)


def _settle(
    source: Source,
    column: Column,
    candidate: Candidate,
    fetched: Fetched,
    known: KnownPage | None,
    plan: Plan,
) -> tuple[Candidate, Report | None]:
    """The candidate after its page was asked for, and the report if there was something to read."""
    capture = fetched.capture
    unchanged = capture.outcome is Outcome.NOT_MODIFIED or (
        known is not None and capture.digest is not None and capture.digest == known.digest
    )
    if unchanged and known is not None and known.state in SETTLED:
        return replace(candidate, state=known.state, reason="unchanged since it was read"), None
    if capture.outcome is not Outcome.OK:
        reason = f"{capture.outcome}: {capture.detail}" if capture.detail else str(capture.outcome)
        if known is not None and known.state in SETTLED:
            # A challenge or an error in front of a page we hold says nothing about the report.
            return replace(candidate, state=known.state, reason=f"held; asked again: {reason}"), None
        return replace(candidate, state=State.FAILED, reason=reason), None
    try:
        draft = read_page(
            fetched.body,
            capture.final_url,
            content_type=capture.content_type,
            charset=source.charset,
            listed_title=candidate.title,
            listed_date=candidate.listed_date,
            learned=plan.learned.get(host_of(capture.final_url), ()),
        )
        report = judge(
            draft,
            source=source,
            column=column,
            candidate=candidate,
            capture_id=capture.capture_id,
            trusted_hosts=plan.trusted_hosts,
        )
    except Exception as error:  # noqa: BLE001  # a page nobody foresaw is a row to be looked at, not the end of a run
        at = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"reader: {error!r} at {at.filename.rpartition('/')[2]}:{at.lineno}; the page is archived"
        return replace(candidate, state=State.FAILED, reason=reason), None
    if report.state is State.ACCEPTED:
        report = replace(report, words=counted(report.draft.text))
    return replace(candidate, state=report.state, reason=report.reason), report


def _count(
    tally: Tally, candidate: Candidate, capture: Capture, report: Report | None, known: KnownPage | None
) -> None:
    if candidate.state is State.FAILED or capture.outcome not in (Outcome.OK, Outcome.NOT_MODIFIED):
        tally.failed += 1
        tally.problems.append(f"{candidate.url}: {candidate.reason}")
    elif report is None:
        tally.unchanged += 1
    elif report.state is State.QUARANTINED:
        tally.quarantined += 1
    elif report.state is State.REJECTED:
        tally.rejected += 1
    elif known is None or known.state is not State.ACCEPTED:
        tally.new += 1
    else:
        tally.changed += 1


def _drain(captures: list[Capture]) -> tuple[Capture, ...]:
    drained = tuple(captures)
    captures.clear()
    return drained
