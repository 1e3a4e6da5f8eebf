"""The way of a report from a column to a batch: list, judge the titles, fetch what is wanted, read, judge.

Knows no scheduler and no database: what is already held comes in as :class:`KnownPage`, what was found goes out as
:class:`Batch`, so the same function serves a daily crawl, a backfill and a test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from scrapers.addresses import host_of
from scrapers.judging.genre import judge_title
from scrapers.platforms.direct import digest_of
from scrapers.platforms.listing import list_column
from scrapers.reading.decode import decode
from scrapers.reading.learned import LearnedRule
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
from scrapers.settle import SETTLED, settle
from scrapers.sources.bounds import bounded
from scrapers.sources.overrides import admits, china_day, day_of, every_host, hosts_on, layout_on, why_ignored

_COMPLETE = frozenset({Outcome.OK, Outcome.OUT_OF_BOUNDS})
"""Outcomes of a listing of which nothing is known to be missing."""


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
    postponed: Counter[str] = field(default_factory=Counter)
    """Pages that were not asked for, by why: they stay as they were, for the next run."""
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

    def fetch(request: Request, page: KnownPage | None = None, day: date | None = None) -> Fetched:
        hosts = hosts_on(source, day or china_day(clock()))
        fetched = client.fetch(request, hosts=hosts, pace_seconds=source.pace_seconds, known=page)
        if fetched.capture.outcome is not Outcome.NOT_ASKED or fetched.capture.warc_file is not None:
            captures.append(fetched.capture)  # no request, no capture: it would count as a look at the page
        return fetched

    listings: list[ColumnListing] = []
    candidates: dict[str, Candidate] = {}
    turned_down: set[str] = set()
    wanted: list[tuple[Column, Candidate]] = []
    today, learned_since = china_day(clock()), clock() - plan.recheck_after
    before = {} if plan.relist else columns or {}
    for column, listed in _list_columns(source, fetch, before, today, learned_since):
        listing = bounded(column, listed, known.values(), today)
        if listing.outcome is not Outcome.NOT_ASKED or listing.pages_read:
            listings.append(ColumnListing(source.id, column.url, clock(), listing))
        tally.listed += len(listing.rows)
        if listing.outcome is not Outcome.OK:
            tally.problems.append(f"{column.url}: {listing.outcome}: {listing.detail}")
        now = clock()
        rows = [(row, now) for row in listing.rows]
        last = before.get(column.url)
        only_part = last is not None and bool(last.unread_pages)  # the pages that the last listing left
        if listing.stopped_early or only_part or listing.outcome is not Outcome.OK:
            rows += _left_over(column, known, now, plan.recheck_after)
        for row, seen_at in rows:
            if row.url in candidates and row.url not in turned_down:
                continue  # listed in an earlier column of this source too: one address is one candidate
            page = known.get(row.url)
            candidate = _first_judgement(source, column, row, seen_at, now)
            due = candidate.state is State.WANTED
            if not due and row.url in candidates:
                continue
            if due:
                turned_down.discard(row.url)
            else:  # what one column is not read for, by its titles or report types, another may be
                turned_down.add(row.url)
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
            day = day_of(candidate.url, candidate.listed_date, clock())
            fetched = fetch(Request(candidate.url, headers={"Referer": column.url}, document=True), page, day)
            outcome, report, capture = settle(
                source, column, candidate, fetched, page, learned=plan.learned, trusted_hosts=plan.trusted_hosts
            )
            if capture is not fetched.capture:
                captures[-1] = capture
            settled.append(outcome)
            if report is not None:
                reports.append(report)
            _count(tally, outcome, capture, report, page)
            on_step(Step(source.id, listed=tally.listed, wanted=len(wanted), fetched=start + len(settled)))
        yield Batch(
            plan.run_id,
            source.id,
            sequence,
            candidates=tuple(settled),
            captures=_drain(captures),
            reports=tuple(reports),
        )
    if tally.postponed:
        reasons = "; ".join(f"{times} x {why}" for why, times in tally.postponed.items())
        tally.problems.append(f"{source.id}: pages not asked for, which the next run asks for: {reasons}")


def list_source(source: Source, client: Fetcher) -> Iterator[tuple[Column, Listing]]:
    """Every column of a source, listed in full, nothing fetched beyond the lists."""
    today = china_day(datetime.now(UTC))

    def fetch(request: Request) -> Fetched:
        return client.fetch(request, hosts=hosts_on(source, today), pace_seconds=source.pace_seconds)

    for column, listing in _list_columns(source, fetch, {}, today, None):
        yield column, bounded(column, listing, (), today)


def _list_columns(
    source: Source,
    fetch: Callable[[Request], Fetched],
    known: Mapping[str, KnownColumn],
    today: date,
    learned_since: datetime | None,
) -> Iterator[tuple[Column, Listing]]:
    """Each column, listed as far as needed: whole, or its first page and what an earlier listing could not read.

    What its page stated before ``learned_since`` is asked for anew: a program may go on answering under numbers that
    the page no longer names.
    """

    def answer(request: Request) -> tuple[Outcome, str | None, str]:
        fetched = fetch(request)
        capture = fetched.capture
        charset = (layout.charset if layout is not None else None) or source.charset
        text, _ = decode(fetched.body, content_type=capture.content_type, charset=charset)
        return capture.outcome, capture.detail, text

    linked = replace(source, hosts=every_host(source))  # where rows may lead; each is judged by its own day
    for column in source.columns:
        before = known.get(column.url)
        layout = layout_on(source, today, column.url)
        if before is None:
            yield column, list_column(linked, column, answer, layout=layout)
        else:
            yield (
                column,
                list_column(
                    linked,
                    column,
                    answer,
                    layout=layout,
                    known=before.addresses,
                    stop_when_known=before.outcome in _COMPLETE,
                    known_total=before.total_stated,
                    only_pages=before.unread_pages,
                    pages_read=before.pages_read,
                    learned=_learned(before, column, learned_since),
                ),
            )


def _learned(before: KnownColumn, column: Column, since: datetime | None) -> Mapping[str, str]:
    """What the column's page stated of its list, where that can still be relied on."""
    if before.parameters_at is None or since is None or before.parameters_at < since:
        return {}
    return before.parameters if before.parameters_of == digest_of(column) else {}


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


def _first_judgement(source: Source, column: Column, row: ListRow, seen_at: datetime, now: datetime) -> Candidate:
    """The candidate of a row, judged by its title and address alone."""
    title = judge_title(row.title, column_name=column.name, report_types=column.report_types)
    state, reason = State.WANTED, title.reason
    day = day_of(row.url, row.date, now)
    hosts = hosts_on(source, day)
    if row.off_host or (source.extra_hosts and host_of(row.url) not in hosts):
        at = f" on {day}" if source.extra_hosts else ""
        state, reason = State.OFF_HOST, f"host: {urlsplit(row.url).netloc} is none of {', '.join(hosts)}{at}"
    elif (why := why_ignored(source.ignored, row.url)) is not None:
        state, reason = State.REJECTED, f"ignored: {why}"
    elif not admits(column, row.title):
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


def _is_due(known: KnownPage, row: ListRow, now: datetime, recheck_after: timedelta) -> bool:
    """Whether a held page is asked for again: its row was renamed, or nobody looked at it for a while."""
    renamed = known.title is not None and known.title != row.title
    return renamed or (known.fetched_at is not None and now - known.fetched_at > recheck_after)


def _count(
    tally: Tally, candidate: Candidate, capture: Capture, report: Report | None, known: KnownPage | None
) -> None:
    if capture.outcome is Outcome.NOT_ASKED:
        tally.postponed[(capture.detail or "").split(";")[0]] += 1
    elif candidate.state is State.FAILED or capture.outcome not in (Outcome.OK, Outcome.NOT_MODIFIED):
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
