"""A backfill as plain functions: the ordinary crawl with other years, a few years of a host's sources at a time.

Nothing but the ledger says what is done. A slice looks at it when it begins, so a backfill that was stopped, killed or
cancelled goes on where it was by being started again, from the command line, the UI or the API alike.
"""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import TracebackType

from flows.backfilling.plan import BackfillPlan, Scope, Slice, plan_backfill, work_of
from flows.crawling.crawl_run import CrawlRun, RunStoppedError
from flows.crawling.run_summary import RunSummary
from flows.defaults import BACKFILL_HOSTS
from flows.runs.progress import Progress
from flows.settings import Settings
from scrapers.collect import Tally
from scrapers.fetcher import Fetcher
from scrapers.records import Fetched, KnownPage, Request, Source, State
from scrapers.sources.overrides import china_day
from warehouse.ledgers.crawl_ledger import SourceLedger, read_ledgers
from warehouse.ledgers.wanted import WantedYear, wanted_years

LOOK_EVERY = 1.0
"""Seconds between two looks whether a crawl has left a host, or whether a paused run goes on."""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """What came of a slice."""

    slice: Slice
    seconds: float = 0.0
    new: int = 0
    fetched: int = 0
    done_before: bool = False
    """The ledger held everything that could be asked for: nothing was."""
    gave_way: float = 0.0
    """Seconds in which a crawl had the host, or the run was paused."""


@dataclass
class Backfill:
    """A backfill that goes on: entered, it has read the plan; each of ``slices`` may then be collected, those of one
    host in their order. Left, everything has been loaded and published.
    """

    settings: Settings
    sources: Sequence[Source]
    registry: Sequence[Source]
    scope: Scope
    workers: int = BACKFILL_HOSTS
    progress: Progress = field(default_factory=Progress)
    on_word: Callable[[str], None] = lambda _: None
    """Hears in a sentence what the run waits for."""

    def __enter__(self) -> Backfill:
        self._started_at = datetime.now(UTC)
        self._permits = threading.BoundedSemaphore(self.workers)
        self._stopping = threading.Event()
        self._paused = threading.Event()
        self._lock = threading.Lock()
        self._giving_way: dict[str, float] = {}
        self._waited: dict[str, float] = {}
        self._listed: set[str] = set()
        self.results: list[SliceResult] = []
        self._run = CrawlRun(
            self.settings,
            self.sources,
            self.registry,
            self.progress,
            kind="backfill",
            years=self.scope.years,
            report_types=self.scope.report_types,
            fetch_through=lambda client: _GivesWay(client, self._before_request),
        )
        with ExitStack() as entered:
            entered.enter_context(self._run)
            self.plan = plan_backfill(self.settings, self.sources, self.scope, workers=self.workers)
            self._entered = entered.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.stop()
        self._entered.__exit__(kind, error, trace)

    @property
    def run_id(self) -> str:
        return self._run.run_id

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What there is to do."""
        return self.plan.slices

    @property
    def giving_way(self) -> int:
        """Slices that wait for a crawl to leave their host."""
        return len(self._giving_way)

    def stop(self) -> None:
        """Let every slice end at the page in hand; what has landed is kept, what is archived is taken up next time."""
        self._stopping.set()
        self._run.stop()

    def pause(self) -> None:
        """Ask nothing more until :meth:`resume`."""
        if not self._paused.is_set():
            self._paused.set()
            self.on_word("paused: no site is asked until the run is resumed")

    def resume(self) -> None:
        if self._paused.is_set():
            self._paused.clear()
            self.on_word("resumed")

    def is_crawled(self, slice_: Slice) -> bool:
        """Whether a crawl is at the slice's host now."""
        return self._run.precedence.is_crawled(_bare(slice_.group.host))

    def collect_slice(self, slice_: Slice) -> SliceResult:
        """Collect what the ledger lacks of one slice.

        Raises :class:`~flows.crawling.crawl_run.RunStoppedError` where it was stopped.
        """
        began = time.monotonic()
        with self._permit():
            ledgers, wanted = self._held(slice_)
            tallies = [
                self._collect(slice_, source, ledgers[source.id], [one for one in wanted if one.source_id == source.id])
                for source in slice_.group.sources
            ]
        worked = [tally for tally in tallies if tally is not None]
        result = SliceResult(
            slice_,
            time.monotonic() - began,
            new=sum(tally.new for tally in worked),
            fetched=sum(tally.wanted - tally.postponed.total() for tally in worked),
            done_before=not worked,
            gave_way=self._waited.pop(slice_.group.host, 0.0),
        )
        with self._lock:
            self.results.append(result)
        return result

    def finish_source(self, source: Source) -> None:
        """Say that all slices of a source are done."""
        self.progress.finish(self._run.tally(source))

    def finish_host(self, host: str) -> None:
        """Nothing more is expected of a host."""
        self._run.finish_host(host)

    def summary(self) -> RunSummary:
        """What came of it; after the ``with`` block."""
        return self._run.summary()

    def _held(self, slice_: Slice) -> tuple[dict[str, SourceLedger], tuple[WantedYear, ...]]:
        """What is held of a slice's sources now, the slices before it included, and the state of each year."""
        self._run.load()
        warehouse, ids = self.settings.warehouse_path, [source.id for source in slice_.group.sources]
        ledgers = {name: self._without_just_failed(ledger) for name, ledger in read_ledgers(warehouse, ids).items()}
        today = china_day(datetime.now(UTC))
        return ledgers, wanted_years(warehouse, ids, self.scope.years, self.scope.report_types, day=today)

    def _without_just_failed(self, ledger: SourceLedger) -> SourceLedger:
        """A page that failed in this run is not asked for again by the next slice that might want it."""
        pages = {
            url: page
            for url, page in ledger.pages.items()
            if page.state is not State.FAILED or page.fetched_at is None or page.fetched_at < self._started_at
        }
        return replace(ledger, pages=pages)

    def _collect(
        self, slice_: Slice, source: Source, ledger: SourceLedger, years: Sequence[WantedYear]
    ) -> Tally | None:
        now = datetime.now(UTC)
        work = work_of(source, ledger, years, self.scope, now)
        with self._lock:
            lists = frozenset(url for url in work.lists if url not in self._listed)
            self._listed.update(lists)
        of_slice = work_of(source, ledger, years, replace(self.scope, years=slice_.years), now)
        if not lists and not of_slice.pages:
            return None
        plan = replace(
            self._run.plan(),
            years=slice_.years,
            list_years=self.scope.years,  # read as far back as all slices need, by whichever comes first
            list_again_after=self.scope.list_again_after,
            lists=lists,
            recheck=False,
        )
        tally = Tally(source.id, source.publisher)
        try:
            self._run.collect_source(slice_.group.host, source, plan, ledger, tally, part=slice_.name)
        finally:
            self._run.add(tally)
        return tally

    @contextmanager
    def _permit(self) -> Iterator[None]:
        while not self._permits.acquire(timeout=LOOK_EVERY):
            self._check()
        try:
            self._check()
            yield
        finally:
            self._permits.release()

    def _check(self) -> None:
        if self._stopping.is_set():
            raise RunStoppedError(f"backfill {self.run_id} was stopped")

    def _before_request(self, host: str) -> None:
        """Wait while the run is paused or a crawl has the host, and let another host's slice go on meanwhile."""
        self._check()
        if not self._has_to_wait(host):
            return
        began = time.monotonic()
        if not self._paused.is_set():
            self.on_word(f"{host} is being crawled: the backfill waits for it, and takes other hosts meanwhile")
        self._permits.release()
        try:
            with self._lock:
                self._giving_way[host] = began
            while self._has_to_wait(host):
                self._stopping.wait(LOOK_EVERY)
                self._check()
        finally:
            # The caller gives this permit back; where the run was stopped nobody else needs one.
            while not self._permits.acquire(timeout=LOOK_EVERY) and not self._stopping.is_set():
                pass
            with self._lock:
                self._giving_way.pop(host, None)
                self._waited[host] = self._waited.get(host, 0.0) + time.monotonic() - began

    def _has_to_wait(self, host: str) -> bool:
        return self._paused.is_set() or self._run.precedence.is_crawled(_bare(host))


def work_through(backfill: Backfill, start: Callable[[Slice], Future[SliceResult]]) -> None:
    """Have every slice collected, those of one host in their order; ``start`` begins one.

    As many hosts as the backfill has workers are asked at a time; a host that gives way to a crawl is not counted, and
    hosts that are being crawled come last. Raises what a slice raised, when the others have ended.
    """
    waiting: dict[str, deque[Slice]] = {}
    for slice_ in backfill.slices:
        waiting.setdefault(slice_.group.host, deque()).append(slice_)
    running: dict[Future[SliceResult], Slice] = {}
    failure: BaseException | None = None
    while running or (waiting and failure is None):
        busy = {slice_.group.host for slice_ in running.values()}
        free = [host for host in waiting if host not in busy]
        free.sort(key=lambda host: backfill.is_crawled(waiting[host][0]))
        room = backfill.workers + backfill.giving_way - len(running)
        for host in free[: max(room, 0)] if failure is None else ():
            slice_ = waiting[host].popleft()
            running[start(slice_)] = slice_
            if not waiting[host]:
                del waiting[host]
        done, _ = concurrent.futures.wait(running, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED)
        for future in done:
            slice_ = running.pop(future)
            error = future.exception()
            if error is not None:
                failure = failure if failure is not None and isinstance(error, RunStoppedError) else error
                backfill.stop()  # the others end at the page in hand
            elif slice_.group.host not in waiting:
                backfill.finish_host(slice_.group.host)
                for source in slice_.group.sources:
                    backfill.finish_source(source)
    if failure is not None:
        raise failure


def backfill_plainly(
    settings: Settings,
    sources: Sequence[Source],
    registry: Sequence[Source],
    scope: Scope,
    *,
    workers: int = BACKFILL_HOSTS,
    progress: Progress | None = None,
    on_word: Callable[[str], None] = lambda _: None,
) -> BackfillSummary:
    """A backfill without Prefect: the same slices on a thread pool, the same rows."""
    backfill = Backfill(settings, sources, registry, scope, workers, progress or Progress(), on_word)
    with backfill:
        threads = max(1, len({slice_.group.host for slice_ in backfill.slices}))
        with ThreadPoolExecutor(min(threads, workers + 64), thread_name_prefix="backfill") as pool:
            try:
                work_through(backfill, lambda slice_: pool.submit(backfill.collect_slice, slice_))
            except BaseException:
                backfill.stop()  # the pool waits for its threads, and a host can take an hour
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return BackfillSummary(backfill.plan, tuple(backfill.results), backfill.summary())


@dataclass(frozen=True, slots=True)
class BackfillSummary:
    """What was planned, what came of each slice, and the run as a crawl would tell it."""

    plan: BackfillPlan
    slices: tuple[SliceResult, ...]
    run: RunSummary


class _GivesWay:
    """A fetcher that asks before each request whether it may go on."""

    def __init__(self, fetcher: Fetcher, before: Callable[[str], None]) -> None:
        self._fetcher = fetcher
        self._before = before

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        self._before(hosts[0])
        return self._fetcher.fetch(request, hosts=hosts, pace_seconds=pace_seconds, known=known)


def _bare(host: str) -> str:
    return host.partition(":")[0]
