"""The way of a report from a column to a batch: list, judge the titles, fetch what is wanted, read, judge.

Knows no scheduler and no database: what is already held comes in as :class:`KnownPage`, what was found goes out as
:class:`Batch`, so the same function serves a daily crawl, a backfill and a test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import partial

from scrapers.fetcher import Fetcher
from scrapers.plan import Plan
from scrapers.records import (
    Attachment,
    Batch,
    Candidate,
    Capture,
    Column,
    Fetched,
    FileText,
    KnownColumn,
    KnownPage,
    Outcome,
    Report,
    Request,
    Source,
    State,
)
from scrapers.settle import Files, settle
from scrapers.sources.overrides import china_day, day_of, hosts_on
from scrapers.wanted_pages import find_wanted


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
    asking = _Asking(source, client, clock)
    found = find_wanted(source, plan, asking.fetch, known, columns or {}, clock)
    wanted = found.wanted
    tally.listed += found.listed
    tally.problems += found.problems
    tally.wanted = len(wanted)
    tally.rejected += sum(candidate.state is State.REJECTED for candidate in found.candidates.values())
    on_step(Step(source.id, listed=tally.listed, wanted=len(wanted)))
    yield Batch(
        plan.run_id,
        source.id,
        sequence,
        candidates=tuple(found.candidates.values()),
        listings=tuple(found.listings),
        captures=asking.drained(),
    )
    for start in range(0, len(wanted), plan.batch_pages):
        sequence += 1
        settled: list[Candidate] = []
        reports: list[Report] = []
        for column, candidate in wanted[start : start + plan.batch_pages]:
            page = known.get(candidate.url)
            outcome, report, capture = _collect_page(asking, column, candidate, page, plan, read_file)
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
            captures=asking.drained(),
            reports=tuple(reports),
        )
    if tally.postponed:
        reasons = "; ".join(f"{times} x {why}" for why, times in tally.postponed.items())
        tally.problems.append(f"{source.id}: pages not asked for, which the next run asks for: {reasons}")


@dataclass(slots=True)
class _Asking:
    """What is asked of one source's sites, and what the answers were since the last batch."""

    source: Source
    client: Fetcher
    clock: Callable[[], datetime]
    captures: list[Capture] = field(default_factory=list)

    def fetch(self, request: Request, page: KnownPage | None = None, day: date | None = None) -> Fetched:
        """Ask as for something of ``day`` (absent: today), conditionally where ``page`` is held."""
        source = self.source
        hosts = hosts_on(source, day or china_day(self.clock()))
        fetched = self.client.fetch(request, hosts=hosts, pace_seconds=source.pace_seconds, known=page)
        if fetched.capture.outcome is not Outcome.NOT_ASKED or fetched.capture.warc_file is not None:
            self.captures.append(fetched.capture)  # no request, no capture: it would count as a look at the page
        return fetched

    def amend(self, before: Capture, after: Capture) -> None:
        """Put right how a fetch ended, now that its page was read."""
        self.captures[:] = [after if capture is before else capture for capture in self.captures]

    def drained(self) -> tuple[Capture, ...]:
        """The captures since this was last asked."""
        captures, self.captures = tuple(self.captures), []
        return captures


def _collect_page(
    asking: _Asking,
    column: Column,
    candidate: Candidate,
    page: KnownPage | None,
    plan: Plan,
    read_file: Callable[[bytes, str | None], FileText] | None,
) -> tuple[Candidate, Report | None, Capture]:
    """Ask for the page of a candidate and for what is attached to it; what :func:`scrapers.settle.settle` gives."""
    day = day_of(candidate.url, candidate.listed_date, asking.clock())
    request = Request(candidate.url, headers={"Referer": column.url}, document=True)

    def settled(fetched: Fetched, known: KnownPage | None) -> tuple[Candidate, Report | None, Capture]:
        ended = settle(
            asking.source,
            column,
            candidate,
            fetched,
            known,
            learned=plan.learned,
            trusted_hosts=plan.trusted_hosts,
            files=None if read_file is None else Files(partial(_fetch_file, asking, fetched, day), read_file),
        )
        asking.amend(fetched.capture, ended[2])
        return ended

    outcome, report, capture = settled(asking.fetch(request, page, day), page)
    if report is None and read_file is not None and _file_changed(asking, page, capture, day):
        # asked for anew, for what a 304 does not bring; the new file is read with it
        return settled(asking.fetch(request, None, day), None if page is None else replace(page, files_missing=True))
    return outcome, report, capture


def _file_changed(asking: _Asking, page: KnownPage | None, capture: Capture, day: date) -> bool:
    """Whether the file that is a report's text is another one now, behind a page that answered and is unchanged."""
    if page is None or page.text_file is None or capture.outcome not in (Outcome.OK, Outcome.NOT_MODIFIED):
        return False
    file = page.text_file
    held = KnownPage(file.url, page.state, digest=file.digest, archived=file.archived)
    looked = asking.fetch(Request(file.url, headers={"Referer": capture.final_url}), held, day).capture
    return looked.outcome is Outcome.OK and looked.digest is not None and looked.digest != file.digest


def _fetch_file(asking: _Asking, page: Fetched, day: date, attachment: Attachment) -> Fetched:
    """An attached file, asked for as the page was; a viewer's own address is never asked for."""
    return asking.fetch(Request(attachment.url, headers={"Referer": page.capture.final_url}), None, day)


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
