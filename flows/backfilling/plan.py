"""What a backfill would do, from the ledgers alone: wanted = expected - held, and what it takes to get the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median

from flows.crawling.host_groups import HostGroup, host_groups
from flows.defaults import LIST_AGAIN_AFTER, SLICE_YEARS
from flows.settings import Settings
from scrapers.plan import Plan
from scrapers.records import KnownColumn, ReportType, Source
from scrapers.report_years import spelt
from scrapers.sources.overrides import china_day
from scrapers.wanted_pages import pages_due
from scrapers.web.circuit import CircuitLimits
from scrapers.web.pace import HostPace
from warehouse.ledgers.crawl_ledger import SourceLedger, read_ledgers
from warehouse.ledgers.wanted import BARRED, WantedYear, wanted_years

_PAGES_OF_A_LIST = 3
"""Pages of a list that nobody has read yet, where no list of the warehouse gives a better guess."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which reports a backfill is for. Empty ``report_types``: all."""

    years: frozenset[int]
    report_types: frozenset[ReportType] = frozenset()
    list_again_after: timedelta = LIST_AGAIN_AFTER
    slice_years: int = SLICE_YEARS

    def __post_init__(self) -> None:
        if not self.years:
            raise ValueError("a backfill needs years, such as 2016-2023")
        if self.slice_years < 1:
            raise ValueError(f"slice_years: {self.slice_years} is below 1")


@dataclass(frozen=True, slots=True)
class SourceWork:
    """What is left to do for one source."""

    source: Source
    wanted: tuple[WantedYear, ...]
    lists: tuple[str, ...] = ()
    """Addresses of the columns that have to be listed."""
    pages: int = 0
    """Pages that lists named already and nobody has read."""
    requests: int = 0
    """A guess: pages of the lists, and a page for each report that is missing."""
    seconds: float = 0.0
    """``requests`` at the pace of the host."""
    left_alone: str | None = None
    """Why the host is not asked now, where its circuit is open."""

    @property
    def held(self) -> tuple[WantedYear, ...]:
        return tuple(one for one in self.wanted if one.is_found)

    @property
    def missing(self) -> tuple[WantedYear, ...]:
        """Not held, and nothing known to be in the way."""
        return tuple(one for one in self.wanted if not one.is_found and one.state not in BARRED)

    @property
    def blocked(self) -> tuple[WantedYear, ...]:
        """Not held, and the site or the column was in the way when it was asked last."""
        return tuple(one for one in self.wanted if one.state in BARRED)

    @property
    def is_done(self) -> bool:
        """Whether nothing needs to be asked."""
        return not self.lists and not self.pages


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """The work of a backfill, a part a source, in registry order."""

    scope: Scope
    work: tuple[SourceWork, ...]
    workers: int

    @property
    def requests(self) -> int:
        return sum(one.requests for one in self.work)

    @property
    def seconds(self) -> float:
        """How long it takes: as long as the slowest host, or as all hosts shared among the workers."""
        by_host: dict[str, float] = {}
        for one in self.work:
            if one.requests:
                host = one.source.hosts[0]
                by_host[host] = by_host.get(host, 0.0) + one.seconds
        return max(max(by_host.values(), default=0.0), sum(by_host.values()) / self.workers)

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What is worked through: a few years of a host's sources each, the newest first."""
        todo = [one.source for one in self.work if not one.is_done]
        return tuple(
            Slice(group, years)
            for group in host_groups(todo)
            for years in _chunks(self.scope.years, self.scope.slice_years)
        )


@dataclass(frozen=True, slots=True)
class Slice:
    """A few years of the sources of one host: the unit that is started, shown and gone on with."""

    group: HostGroup
    years: frozenset[int]

    @property
    def name(self) -> str:
        """``www.qinghe-demo.gov.cn 2019-2021``."""
        return f"{self.group.host} {spelt(self.years)}"


def plan_backfill(
    settings: Settings, sources: Sequence[Source], scope: Scope, *, workers: int, now: datetime | None = None
) -> BackfillPlan:
    """The plan for ``sources``, by the ledgers of the warehouse, which must hold the registry. Asks no site."""
    now = now or datetime.now(UTC)
    ids = [source.id for source in sources]
    ledgers = read_ledgers(settings.warehouse_path, ids)
    wanted = wanted_years(settings.warehouse_path, ids, scope.years, scope.report_types, day=china_day(now))
    resting = dict(_pace(settings).left_alone())
    usual = _usual_pages(ledgers)
    work = []
    for source in sources:
        one = work_of(source, ledgers[source.id], [year for year in wanted if year.source_id == source.id], scope, now)
        requests = _requests(one, ledgers[source.id].columns, usual)
        pace = settings.pace_seconds if source.pace_seconds is None else source.pace_seconds
        rest = resting.get(source.hosts[0].partition(":")[0])
        work.append(replace(one, requests=requests, seconds=requests * pace, left_alone=rest))
    return BackfillPlan(scope, tuple(work), workers)


def work_of(
    source: Source, ledger: SourceLedger, wanted: Sequence[WantedYear], scope: Scope, now: datetime
) -> SourceWork:
    """What is left to do for ``source``: lists in which a missing report may stand, and pages that lists have named."""
    plan = plan_of(scope)
    types = {one.report_type for one in wanted if not one.is_found}
    lists = tuple(
        column.url
        for column in plan.columns_of(source)
        if types & set(column.report_types)
        and ((known := ledger.columns.get(column.url)) is None or not plan.is_listed(known, now))
    )
    return SourceWork(source, tuple(wanted), lists, len(pages_due(source, plan, ledger.pages, now)))


def plan_of(scope: Scope, run_id: str = "plan") -> Plan:
    """How a backfill collects: held pages are left to the daily crawl, lists are read once, as far back as needed."""
    return Plan(
        run_id=run_id,
        years=scope.years,
        list_years=scope.years,
        report_types=scope.report_types,
        list_again_after=scope.list_again_after,
        recheck=False,
    )


def _chunks(years: Collection[int], size: int) -> list[frozenset[int]]:
    newest_first = sorted(years, reverse=True)
    return [frozenset(newest_first[start : start + size]) for start in range(0, len(newest_first), size)]


def _requests(work: SourceWork, columns: Mapping[str, KnownColumn], usual: float) -> int:
    if work.is_done:
        return 0
    pages = 0.0
    for url in work.lists:
        known = columns.get(url)
        pages += max(usual, known.pages_read) if known is not None else usual
    never_listed = [url for url in work.lists if url not in columns]
    unknown = len(work.missing) + len(work.blocked) if never_listed else 0
    return round(pages) + max(work.pages, unknown) + 1  # and robots.txt


def _usual_pages(ledgers: Mapping[str, SourceLedger]) -> float:
    read = [
        column.pages_read for ledger in ledgers.values() for column in ledger.columns.values() if column.pages_read > 1
    ]
    return median(read) if read else _PAGES_OF_A_LIST


def _pace(settings: Settings) -> HostPace:
    return HostPace(
        settings.state_dir / "pace", limits=CircuitLimits(settings.circuit_failures, settings.circuit_cooldown)
    )
