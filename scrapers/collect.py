"""The way of a report from a column to a batch: list, judge the titles, fetch what is wanted, read, judge.

Knows no scheduler and no database: what is already held comes in as :class:`KnownPage`, what was found goes out as
:class:`Batch`, so the same function serves a daily crawl, a backfill and a test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit

from scrapers.addresses import host_of
from scrapers.judging.genre import judge_title
from scrapers.platforms.direct import digest_of
from scrapers.platforms.listing import list_column
from scrapers.reading.decode import decode
from scrapers.reading.learned import LearnedRule
from scrapers.records import (
    Attachment,
    Batch,
    Candidate,
    Capture,
    Column,
    ColumnListing,
    Fetched,
    FileText,
    KnownColumn,
    KnownPage,
    Listing,
    ListRow,
    Outcome,
    Report,
    ReportType,
    Request,
    Source,
    State,
)
from scrapers.report_years import listed_since, may_be_of
from scrapers.settle import SETTLED, Files, settle
from scrapers.sources.bounds import bounded
from scrapers.sources.overrides import admits, china_day, day_of, every_host, hosts_on, layout_on, why_ignored

COMPLETE = frozenset({Outcome.OK, Outcome.OUT_OF_BOUNDS})
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

    def add(self, other: Tally) -> None:
        """Add what came of another slice of the same source."""
        for name in ("listed", "wanted", "new", "changed", "unchanged", "rejected", "quarantined", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.postponed.update(other.postponed)
        self.problems.extend(other.problems)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a source is to be collected."""

    run_id: str
    recheck_after: timedelta = timedelta(days=30)
    """A held page is asked for again, conditionally, when it was last asked for longer ago than this."""
    relist: bool = False
    """List every column to its end, also where the first page shows nothing new: finds rows that vanished."""
    years: frozenset[int] = frozenset()
    """Report years whose pages are fetched; empty: all. Rows of other years are recorded, and stay wanted."""
    list_years: frozenset[int] = frozenset()
    """Report years for which lists are read far enough back; empty: ``years``."""
    report_types: frozenset[ReportType] = frozenset()
    """Only columns and rows of these; empty: all."""
    list_again_after: timedelta = timedelta(0)
    """A list that is known far enough back, with nothing missing, is not asked for again before this has passed."""
    lists: frozenset[str] | None = None
    """Addresses of the columns that may be listed; ``None``: all. Of the others, pages named before are fetched."""
    recheck: bool = True
    """Whether held pages are asked for again at all: a backfill leaves that to the daily crawl."""
    batch_pages: int = 50
    trusted_hosts: tuple[str, ...] = ()
    learned: Mapping[str, Sequence[LearnedRule]] = field(default_factory=dict)
    """Chrome learned from earlier pages, by host."""

    @property
    def since(self) -> date | None:
        """The day back to which lists are read; ``None``: to their end."""
        return listed_since(self.list_years or self.years)

    def wants(self, title: str, listed: date | None, report_type: ReportType | None) -> bool:
        """Whether the page of a row that is a likely report is fetched, by its years and type."""
        of_type = not self.report_types or report_type is None or report_type in self.report_types
        return of_type and may_be_of(self.years, title, listed)

    def columns_of(self, source: Source) -> tuple[Column, ...]:
        """The columns of ``source`` in which reports of the wanted types are listed."""
        wanted = self.report_types
        return tuple(one for one in source.columns if not wanted or wanted & set(one.report_types))

    def skips(self, url: str, known: KnownColumn | None, now: datetime) -> bool:
        """Whether the list at ``url`` is not asked for."""
        if self.lists is not None and url not in self.lists:
            return True
        return known is not None and self.is_listed(known, now)

    def is_listed(self, known: KnownColumn, now: datetime) -> bool:
        """Whether the ledger says enough of a column that its list need not be asked for now."""
        if not known.reaches(self.since) or known.outcome not in COMPLETE or known.unread_pages:
            return False
        return known.listed_at is not None and now - known.listed_at < self.list_again_after


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
    first_sequence: int = 0,
    read_file: Callable[[bytes, str | None], FileText] | None = None,
) -> Iterator[Batch]:
    """Collect one source; yields a batch with the listings and all candidates first, then one for each few pages.

    Batches are numbered from ``first_sequence`` on, for runs that collect a source in several slices. ``tally`` is
    filled as the work goes on. ``read_file`` reads what is attached to reports (``FileReader.read``); without it
    nothing attached is asked for. Nothing is raised for what a site does: every failure is a row.
    """
    sequence = first_sequence
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
    asked = _Asked(plan.columns_of(source), plan.since, lambda url: plan.skips(url, before.get(url), clock()))
    for column, listed in _list_columns(source, fetch, before, today, learned_since, asked):
        rows: list[tuple[ListRow, datetime]] = []
        whole = False
        if listed is not None:
            listing = bounded(column, listed, known.values(), today)
            if listing.outcome is not Outcome.NOT_ASKED or listing.pages_read:
                listings.append(ColumnListing(source.id, column.url, clock(), listing))
            tally.listed += len(listing.rows)
            if listing.outcome is not Outcome.OK:
                tally.problems.append(f"{column.url}: {listing.outcome}: {listing.detail}")
            last = before.get(column.url)
            only_part = last is not None and bool(last.unread_pages)  # the pages that the last listing left
            whole = not (listing.stopped_early or only_part) and listing.outcome is Outcome.OK
            rows = [(row, clock()) for row in listing.rows]
        now = clock()
        if not whole:
            rows += _left_over(column, known, now, plan)
        for row, seen_at in rows:
            if row.url in candidates and row.url not in turned_down:
                continue  # listed in an earlier column of this source too: one address is one candidate
            page = known.get(row.url)
            candidate = judge_row(source, column, row, seen_at, now)
            due = candidate.state is State.WANTED
            if not due and row.url in candidates:
                continue
            if due:
                turned_down.discard(row.url)
            else:  # what one column is not read for, by its titles or report types, another may be
                turned_down.add(row.url)
            if due and page is not None and page.fetched_at is not None and page.state in SETTLED:
                due = _is_due(page, row, now, plan)
                candidate = replace(candidate, state=page.state, reason="held: read in an earlier run")
            elif due and not plan.wants(row.title, row.date, candidate.report_type):
                due = False
                candidate = replace(candidate, reason=f"{candidate.reason}; not asked for: of another year or type")
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
            place = len(captures) - 1
            outcome, report, capture = settle(
                source,
                column,
                candidate,
                fetched,
                page,
                learned=plan.learned,
                trusted_hosts=plan.trusted_hosts,
                files=None if read_file is None else Files(partial(_fetch_file, fetch, fetched, day), read_file),
            )
            if capture is not fetched.capture:
                captures[place] = capture
            if report is None and read_file is not None and _file_changed(fetch, page, capture, day):
                # asked for anew, for what a 304 does not bring; the new file is read with it
                fetched = fetch(Request(candidate.url, headers={"Referer": column.url}, document=True), None, day)
                place = len(captures) - 1
                outcome, report, capture = settle(
                    source,
                    column,
                    candidate,
                    fetched,
                    replace(page, files_missing=True) if page is not None else None,
                    learned=plan.learned,
                    trusted_hosts=plan.trusted_hosts,
                    files=Files(partial(_fetch_file, fetch, fetched, day), read_file),
                )
                if capture is not fetched.capture:
                    captures[place] = capture
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


def _file_changed(
    fetch: Callable[[Request, KnownPage | None, date | None], Fetched],
    page: KnownPage | None,
    capture: Capture,
    day: date,
) -> bool:
    """Whether the file that is a report's text is another one now, behind a page that answered and is unchanged."""
    if page is None or page.text_file is None or capture.outcome not in (Outcome.OK, Outcome.NOT_MODIFIED):
        return False
    file = page.text_file
    held = KnownPage(file.url, page.state, digest=file.digest, archived=file.archived)
    looked = fetch(Request(file.url, headers={"Referer": capture.final_url}), held, day).capture
    return looked.outcome is Outcome.OK and looked.digest is not None and looked.digest != file.digest


def _fetch_file(
    fetch: Callable[[Request, KnownPage | None, date | None], Fetched],
    page: Fetched,
    day: date,
    attachment: Attachment,
) -> Fetched:
    """An attached file, asked for as the page was; a viewer's own address is never asked for."""
    return fetch(Request(attachment.url, headers={"Referer": page.capture.final_url}), None, day)


def pages_due(
    source: Source, plan: Plan, known: Mapping[str, KnownPage], now: datetime
) -> tuple[tuple[Column, Candidate], ...]:
    """The pages that earlier listings named and that ``plan`` would fetch, without a list being asked for."""
    due: dict[str, tuple[Column, Candidate]] = {}
    for column in plan.columns_of(source):
        for row, seen_at in _left_over(column, known, now, plan):
            candidate = judge_row(source, column, row, seen_at, now)
            if candidate.state is State.WANTED and plan.wants(row.title, row.date, candidate.report_type):
                due.setdefault(row.url, (column, candidate))
    return tuple(due.values())


def list_source(source: Source, client: Fetcher) -> Iterator[tuple[Column, Listing]]:
    """Every column of a source, listed in full, nothing fetched beyond the lists."""
    today = china_day(datetime.now(UTC))

    def fetch(request: Request) -> Fetched:
        return client.fetch(request, hosts=hosts_on(source, today), pace_seconds=source.pace_seconds)

    for column, listing in _list_columns(source, fetch, {}, today, None, _Asked(source.columns)):
        if listing is not None:
            yield column, bounded(column, listing, (), today)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which lists are asked for, and how far back."""

    columns: tuple[Column, ...]
    since: date | None = None
    skips: Callable[[str], bool] = lambda _: False


def _list_columns(
    source: Source,
    fetch: Callable[[Request], Fetched],
    known: Mapping[str, KnownColumn],
    today: date,
    learned_since: datetime | None,
    asked: _Asked,
) -> Iterator[tuple[Column, Listing | None]]:
    """Each column, listed as far as needed: whole, or its first page and what an earlier listing could not read, and
    back to ``asked.since``; ``None`` for one of which enough is known.

    A listing that ended where the years do leaves the column known in part. Where more is wanted, the next one goes
    through what is known to what is not: neither a count nor a page of known rows may end it.

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
    for column in asked.columns:
        before = known.get(column.url)
        layout = layout_on(source, today, column.url)
        if asked.skips(column.url):
            yield column, None
            continue
        if before is None:
            yield column, list_column(linked, column, answer, layout=layout, since=asked.since)
            continue
        reaches = before.reaches(asked.since)
        listing = list_column(
            linked,
            column,
            answer,
            layout=layout,
            known=before.addresses,
            stop_when_known=reaches and before.outcome in COMPLETE,
            known_total=before.total_stated,
            since=asked.since,
            only_pages=before.unread_pages if reaches else (),
            pages_read=before.pages_read,
            learned=_learned(before, column, learned_since),
        )
        if reaches and listing.since is None and (listing.stopped_early or before.unread_pages):
            listing = replace(listing, since=before.since)  # only the beginning was read, or what was missing
        yield column, listing


def _learned(before: KnownColumn, column: Column, since: datetime | None) -> Mapping[str, str]:
    """What the column's page stated of its list, where that can still be relied on."""
    if before.parameters_at is None or since is None or before.parameters_at < since:
        return {}
    return before.parameters if before.parameters_of == digest_of(column) else {}


def _left_over(
    column: Column, known: Mapping[str, KnownPage], now: datetime, plan: Plan
) -> list[tuple[ListRow, datetime]]:
    """Rows of earlier listings that this one did not reach, whose page is wanted or due; with when they were seen."""
    rows = []
    for page in known.values():
        if page.column_url != column.url or page.title is None or page.seen_at is None:
            continue
        row = ListRow(page.title, page.url, page.url, page.listed_date)
        held = page.state in SETTLED and page.fetched_at is not None
        if held:
            due = _is_due(page, row, now, plan)
        else:
            due = page.state in (State.WANTED, State.FAILED) and may_be_of(plan.years, page.title, page.listed_date)
        if due:
            rows.append((row, page.seen_at))
    return rows


def judge_row(source: Source, column: Column, row: ListRow, seen_at: datetime, now: datetime) -> Candidate:
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


def _is_due(known: KnownPage, row: ListRow, now: datetime, plan: Plan) -> bool:
    """Whether a held page is asked for again: its row was renamed, a file of it is missing, or nobody looked at it for
    a while.

    Asked for are pages of the plan's years alone, and none where held pages are not looked at again.
    """
    if not plan.recheck or not may_be_of(plan.years, row.title, row.date):
        return False
    if known.files_missing:
        return True
    renamed = known.title is not None and known.title != row.title
    return renamed or (known.fetched_at is not None and now - known.fetched_at > plan.recheck_after)


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
