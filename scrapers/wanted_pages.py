"""Which pages of a source are asked for: the rows of its columns, judged by title and address, against what is held."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from scrapers.addresses import host_of
from scrapers.column_lists import Asked, list_columns
from scrapers.judging.genre import judge_title
from scrapers.plan import Plan
from scrapers.records import (
    Candidate,
    Column,
    ColumnListing,
    Fetched,
    KnownColumn,
    KnownPage,
    ListRow,
    Outcome,
    Request,
    Source,
    State,
)
from scrapers.report_years import may_be_of
from scrapers.settle import SETTLED
from scrapers.sources.bounds import bounded
from scrapers.sources.overrides import admits, china_day, day_of, hosts_on, why_ignored


@dataclass(slots=True)
class WantedPages:
    """What the columns of a source named."""

    listings: list[ColumnListing] = field(default_factory=list)
    listed: int = 0
    """Rows of all listings."""
    problems: list[str] = field(default_factory=list)
    candidates: dict[str, Candidate] = field(default_factory=dict)
    """By address: one address is one candidate, however many columns name it."""
    wanted: list[tuple[Column, Candidate]] = field(default_factory=list)
    """The candidates whose page is asked for, in the order of the lists."""
    _turned_down: set[str] = field(default_factory=set)

    def add(self, column: Column, candidate: Candidate, page: KnownPage | None, now: datetime, plan: Plan) -> None:
        """Take a row's candidate in, and want its page where ``plan`` asks for it; ``page`` is what is held of it."""
        due = candidate.state is State.WANTED
        if candidate.url in self.candidates and not (due and candidate.url in self._turned_down):
            return
        if due:
            self._turned_down.discard(candidate.url)
        else:  # what one column is not read for, by its titles or report types, another may be
            self._turned_down.add(candidate.url)
        if due and page is not None and _is_held(page):
            due = plan.asks_again(page, candidate.title, candidate.listed_date, now)
            candidate = replace(candidate, state=page.state, reason="held: read in an earlier run")
        elif due and not plan.wants(candidate.title, candidate.listed_date, candidate.report_type):
            due = False
            candidate = replace(candidate, reason=f"{candidate.reason}; not asked for: of another year or type")
        self.candidates[candidate.url] = candidate
        if due:
            self.wanted.append((column, candidate))


def find_wanted(
    source: Source,
    plan: Plan,
    fetch: Callable[[Request], Fetched],
    known: Mapping[str, KnownPage],
    columns: Mapping[str, KnownColumn],
    clock: Callable[[], datetime],
) -> WantedPages:
    """List the columns of ``source`` by ``plan`` and judge their rows; ``known`` are its pages that the ledger has,
    ``columns`` what it has of its lists.

    Rows that a list was not read down to come from the ledger. Raises nothing for what a site does.
    """
    found = WantedPages()
    today, learned_since = china_day(clock()), clock() - plan.recheck_after
    before = {} if plan.relist else columns
    asked = Asked(plan.columns_of(source), plan.since, lambda url: plan.skips(url, before.get(url), clock()))
    for column, listed in list_columns(source, fetch, before, today, learned_since, asked):
        rows: list[tuple[ListRow, datetime]] = []
        whole = False
        if listed is not None:
            listing = bounded(column, listed, known.values(), today)
            if listing.outcome is not Outcome.NOT_ASKED or listing.pages_read:
                found.listings.append(ColumnListing(source.id, column.url, clock(), listing))
            found.listed += len(listing.rows)
            if listing.outcome is not Outcome.OK:
                found.problems.append(f"{column.url}: {listing.outcome}: {listing.detail}")
            last = before.get(column.url)
            only_part = last is not None and bool(last.unread_pages)  # the pages that the last listing left
            whole = not (listing.stopped_early or only_part) and listing.outcome is Outcome.OK
            rows = [(row, clock()) for row in listing.rows]
        now = clock()
        if not whole:
            rows += _left_over(column, known, now, plan)
        for row, seen_at in rows:
            found.add(column, judge_row(source, column, row, seen_at, now), known.get(row.url), now, plan)
    return found


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


def _left_over(
    column: Column, known: Mapping[str, KnownPage], now: datetime, plan: Plan
) -> list[tuple[ListRow, datetime]]:
    """Rows of earlier listings that this one did not reach, whose page is wanted or due; with when they were seen."""
    rows = []
    for page in known.values():
        if page.column_url != column.url or page.title is None or page.seen_at is None:
            continue
        row = ListRow(page.title, page.url, page.url, page.listed_date)
        if _is_held(page):
            due = plan.asks_again(page, page.title, page.listed_date, now)
        else:
            due = page.state in (State.WANTED, State.FAILED) and may_be_of(plan.years, page.title, page.listed_date)
        if due:
            rows.append((row, page.seen_at))
    return rows


def _is_held(page: KnownPage) -> bool:
    """Whether the page was fetched and read."""
    return page.fetched_at is not None and page.state in SETTLED
