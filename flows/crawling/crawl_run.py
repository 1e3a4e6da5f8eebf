"""One crawling run as plain functions: Prefect wraps these, and a run without Prefect calls them as they are."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Any, Literal

from flows.crawling.cut_runs import left_behind
from flows.crawling.host_groups import HostGroup, host_groups
from flows.crawling.host_precedence import HostPrecedence
from flows.crawling.reached_hosts import ReachedHosts
from flows.crawling.run_summary import RunSummary
from flows.crawling.web_client import run_pace, web_client
from flows.defaults import RECHECK_AFTER
from flows.runs.endings import ending
from flows.runs.killed_runs import close_killed
from flows.runs.progress import Progress
from flows.runs.run_lock import new_run_id, run_lock
from flows.settings import Settings
from flows.shared_store.freed_archive import free_archive
from flows.shared_store.handing_over import begin_from_store, hand_over, note_run
from flows.shared_store.store import SharedStoreError
from flows.upkeep.after_load import bring_up_to_date
from flows.upkeep.learned_chrome import rules_of
from flows.upkeep.registry import load_registry
from scrapers.collect import Step, Tally, collect
from scrapers.fetcher import Fetcher
from scrapers.plan import Plan
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.recognised_texts import RecognisedTexts
from scrapers.records import ReportType, Source
from scrapers.web.archive import Archive
from scrapers.web.recovery import recover
from warehouse.batches.landing import write_batch
from warehouse.errors import ChecksFailedError
from warehouse.ledgers.archive_index import read_list_payloads
from warehouse.ledgers.crawl_ledger import SourceLedger, finish_run, read_ledgers, start_run
from warehouse.load import load_pending
from warehouse.readers import PublicationPace, publish, refuse_lost

LOAD_EVERY = 5.0
"""Seconds between two looks of the loader at the landing folder while a run goes on."""
HAND_OVER_EVERY = 60.0
"""Seconds between two hand-overs to the shared store, on a machine that only crawls."""


class RunStoppedError(Exception):
    """The run was interrupted or has failed elsewhere: this host's part of it ends at the page in hand."""


@dataclass
class CrawlRun:
    """A run: entered, it takes up what an earlier one left; left, it has loaded and published everything.

    ``with CrawlRun(settings, sources, registry) as run: run.collect_group(group)`` for each of ``run.groups``, from as
    many threads as there are groups; ``run.summary()`` afterwards. A run that is killed loses at most the batch in
    hand: the next one loads what has landed, cuts a torn archive record, and lists again. Leaving it raises
    ``NobodyAnsweredError`` where no host could be reached: what was tried is recorded, and the run has failed.
    """

    settings: Settings
    sources: Sequence[Source]
    registry: Sequence[Source]
    """All sources, not only those of this run: the coverage ledger needs them."""
    progress: Progress = field(default_factory=Progress)
    recheck_after: timedelta = RECHECK_AFTER
    relist: bool = False
    years: frozenset[int] = frozenset()
    """Report years whose pages are fetched, and for which lists are read far enough back; empty: all."""
    report_types: frozenset[ReportType] = frozenset()
    kind: str = "crawl"
    fetch_through: Callable[[Fetcher], Fetcher] = lambda client: client
    """Puts something before the run's client."""
    only_lists: bool = False
    """A watch: ask for the lists and record what they hold, but fetch no page of a report."""
    run_id: str = field(default_factory=new_run_id)

    def __enter__(self) -> CrawlRun:
        self._opened = ExitStack()
        with ExitStack() as held:
            self._begin(held)
            self._alive = held.pop_all()
        return self

    def _begin(self, held: ExitStack) -> None:
        """Take up what an earlier run left, be known as alive (``held`` ends that), and open what is crawled with."""
        settings = self.settings
        self._pace = run_pace(settings)
        self._stopping = threading.Event()
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC)
        for folder in (settings.archive_dir, settings.landing_dir, settings.state_dir, settings.warehouse_path.parent):
            folder.mkdir(parents=True, exist_ok=True)
        self._recovered = recover(settings.archive_dir)
        if settings.hands_over:
            self._begin_from_store()
        else:
            refuse_lost(settings.warehouse_path, settings.reader_path)
        self._loads = [load_pending(settings.warehouse_path, settings.landing_dir)]
        load_registry(settings, self.registry)
        self._ledgers = read_ledgers(settings.warehouse_path, [source.id for source in self.sources])
        self._learned = rules_of(settings.warehouse_path)
        close_killed(settings)
        held.enter_context(run_lock(settings.state_dir / "runs", self.run_id))
        start_run(settings.warehouse_path, self.run_id, self.kind, self._asked())
        self._tallies: dict[str, Tally] = {s.id: Tally(s.id, s.publisher) for s in self.sources}
        try:
            self._open()
        except BaseException as error:
            try:
                self._opened.close()
            finally:
                self._record_end(error)
            raise

    def _open(self) -> None:
        settings = self.settings
        archive = Archive(
            settings.archive_dir,
            run_id=self.run_id,
            max_bytes=settings.archive_file_bytes,
            user_agent=settings.user_agent,
            obeys_robots=settings.obey_robots,
            earlier=read_list_payloads(settings.warehouse_path, [group.host for group in self.groups]),
        )
        self._archive = self._opened.enter_context(archive)
        files = FileReader(
            at_most=max(1, min(settings.workers, os.cpu_count() or 1)),
            recognised=RecognisedTexts(settings.recognised_dir),
        )
        self._files = self._opened.enter_context(files)
        client = web_client(
            settings,
            self._archive,
            sources=self.registry,
            pace=self._pace,
            left_behind=left_behind(settings),
            sleep=self._sleep_until_stopped,
        )
        self._reached = ReachedHosts(self._opened.enter_context(client))
        self._fetcher = self.fetch_through(self._reached)
        self._loading = threading.Lock()
        self._publication = PublicationPace()
        self._sequences: Counter[str] = Counter()
        self._done = threading.Event()
        self._loader_error: BaseException | None = None
        self._loader = threading.Thread(target=self._load_until_done, name="loader", daemon=True)
        self._loader.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if error is not None:
            self.stop()
        self._done.set()
        self._loader.join()
        try:
            self._end(error)
        except BaseException:
            with suppress(SharedStoreError):  # what failed first is what should be told; the next run hands over
                self._hand_over()
            raise
        self._hand_over()
        self._seconds = time.monotonic() - self._started
        return False

    def _end(self, error: BaseException | None) -> None:
        """Load what is left, record how the run ended, and publish."""
        failure = error or self._loader_error or self._reached.silence()
        try:
            self._opened.close()
            if self._loader_error is None:
                self.load()
                bring_up_to_date(self.settings)
        except Exception as late:
            failure = failure or late
            raise
        finally:
            self._record_end(failure)
            self._alive.close()
        if self._loader_error is not None:
            raise self._loader_error
        publish(self.settings.warehouse_path, self.settings.reader_path)
        if error is None and failure is not None:
            raise failure

    def _record_end(self, failure: BaseException | None) -> None:
        said = {"error": None if failure is None else repr(failure)} | self._totals()
        finish_run(self.settings.warehouse_path, self.run_id, ending(failure, RunStoppedError), said)
        if self.settings.hands_over:
            note_run(self.settings, self.run_id)

    def _hand_over(self) -> None:
        if self.settings.hands_over:
            hand_over(self.settings)
            free_archive(self.settings)

    @property
    def groups(self) -> tuple[HostGroup, ...]:
        """What there is to collect, a group a host."""
        return host_groups(self.sources)

    def collect_group(self, group: HostGroup) -> tuple[Tally, ...]:
        """Collect the sources of one host, one after the other, handing each batch to the landing folder."""
        host = group.host.partition(":")[0]
        with self.precedence.crawling([host]), self._pace.crawling([host]):
            for source in group.sources:
                self.collect_source(group.host, source, self.plan(), self._ledgers[source.id], self._tallies[source.id])
                self.progress.finish(self._tallies[source.id])
            self._archive.finish(group.host)
        return tuple(self._tallies[source.id] for source in group.sources)

    def plan(self) -> Plan:
        """How every source of this run is collected."""
        return Plan(
            run_id=self.run_id,
            recheck_after=self.recheck_after,
            relist=self.relist,
            years=self.years,
            report_types=self.report_types,
            batch_pages=self.settings.batch_pages,
            trusted_hosts=self.settings.trusted_hosts,
            learned=self._learned,
        )

    def collect_source(
        self, host: str, source: Source, plan: Plan, ledger: SourceLedger, tally: Tally, *, part: str = ""
    ) -> None:
        """Collect one source by ``plan``, as far as ``ledger`` does not hold it; ``host`` is its group's, ``part``
        names a slice of it, whose steps add to those of the others."""
        self._check()
        batches = collect(
            source,
            plan=plan,
            client=self._fetcher,
            known=ledger.pages,
            columns=ledger.columns,
            tally=tally,
            on_step=lambda step: self._step(replace(step, source_id=f"{step.source_id} {part}".rstrip())),
            first_sequence=self._sequences[source.id],
            read_file=self._files.read,
        )
        # The first batch holds the listings and all their candidates; the pages come with the ones after it.
        for batch in islice(batches, 1 if self.only_lists else None):
            self._sequences[source.id] = batch.sequence + 1
            self._archive.sync(host)  # what a batch points to must outlive a power cut as the batch does
            write_batch(self.settings.landing_dir, batch, run_kind=self.kind)

    def tally(self, source: Source) -> Tally:
        """What came of a source so far."""
        return self._tallies[source.id]

    def add(self, tally: Tally) -> None:
        """Add what came of one slice to the tally of its source."""
        self._tallies[tally.source_id].add(tally)

    def finish_host(self, host: str) -> None:
        """Nothing more is expected of a host's sites in this run."""
        self._archive.finish(host)

    @property
    def precedence(self) -> HostPrecedence:
        """Which hosts are being crawled, by this run or another."""
        return HostPrecedence(self.settings.state_dir / "hosts")

    def load(self) -> None:
        """Bring what has landed to the warehouse now, where the next ledger is read."""
        with self._loading:
            loaded = load_pending(self.settings.warehouse_path, self.settings.landing_dir)
            self._loads.append(loaded)
            if loaded.batches:
                self._publication.loaded()

    def _asked(self) -> dict[str, Any]:
        asked: dict[str, Any] = {"sources": [source.id for source in self.sources]}
        if self.years:
            asked["years"] = sorted(self.years)
        if self.report_types:
            asked["report_types"] = sorted(self.report_types)
        return asked

    def stop(self) -> None:
        """Let every host's part end at the page in hand, with :class:`RunStoppedError`; what has landed is kept."""
        self._stopping.set()

    def summary(self) -> RunSummary:
        """What came of the run; after its ``with`` block."""
        return RunSummary(
            self.run_id,
            self._started_at,
            self._seconds,
            tuple(self._tallies.values()),
            tuple(self._loads),
            self._recovered,
        )

    def _begin_from_store(self) -> None:
        """A store that does not answer stops no machine that has a ledger: what is found waits, and the run's end says
        so."""
        try:
            begin_from_store(self.settings)
        except SharedStoreError:
            if not self.settings.warehouse_path.exists():
                raise

    def _sleep_until_stopped(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def refuse_stopped(self) -> None:
        """Raise :class:`RunStoppedError` once the run was stopped."""
        if self._stopping.is_set():
            raise RunStoppedError(f"run {self.run_id} was stopped")

    def _step(self, step: Step) -> None:
        self._check()
        self.progress.step(step)

    def _check(self) -> None:
        """Crawling on would fill the landing folder of a warehouse that cannot load."""
        if self._loader_error is not None:
            raise self._loader_error
        self.refuse_stopped()

    def _totals(self) -> dict[str, int]:
        tallies = self._tallies.values()
        totals = {
            name: sum(getattr(tally, name) for tally in tallies)
            for name in ("listed", "new", "changed", "unchanged", "rejected", "quarantined", "failed")
        }
        return totals | {"postponed": sum(tally.postponed.total() for tally in tallies)}

    def _load_until_done(self) -> None:
        """Load what lands every few seconds, and let queries see it as soon as a copy is cheap enough."""
        settings, pace = self.settings, self._publication
        load_at = time.monotonic() + LOAD_EVERY
        hand_over_at = time.monotonic() + HAND_OVER_EVERY
        while not self._done.wait(_soonest(load_at - time.monotonic(), pace.seconds_to_wait())):
            try:
                if time.monotonic() >= load_at:
                    self.load()
                    load_at = time.monotonic() + LOAD_EVERY
                if pace.seconds_to_wait() == 0:
                    # A failing check leaves the copy as it was, and the end of the run says so.
                    with suppress(ChecksFailedError), pace.publishing():
                        publish(settings.warehouse_path, settings.reader_path)
                if settings.hands_over and time.monotonic() >= hand_over_at:
                    with suppress(SharedStoreError):  # the run's end tries again, and says so
                        hand_over(settings)
                    hand_over_at = time.monotonic() + HAND_OVER_EVERY
            except Exception as error:  # noqa: BLE001  # handed to the run's own thread, which raises it
                self._loader_error = error
                return


def _soonest(*seconds: float | None) -> float:
    return max(min(wait for wait in seconds if wait is not None), 0.0)


def crawl_plainly(
    settings: Settings,
    sources: Sequence[Source],
    registry: Sequence[Source],
    *,
    progress: Progress | None = None,
    recheck_after: timedelta = RECHECK_AFTER,
    relist: bool = False,
    years: Collection[int] = (),
) -> RunSummary:
    """A run without Prefect: the same steps on a thread pool, the same rows."""
    run = CrawlRun(settings, sources, registry, progress or Progress(), recheck_after, relist, years=frozenset(years))
    with run, ThreadPoolExecutor(settings.workers, thread_name_prefix="crawl") as pool:
        futures: list[Future[tuple[Tally, ...]]] = [pool.submit(run.collect_group, group) for group in run.groups]
        try:
            for future in futures:
                future.result()
        except BaseException:
            run.stop()  # the pool waits for its threads, and a host can take an hour
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return run.summary()
