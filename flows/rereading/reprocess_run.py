"""The archive read anew as plain functions: its pieces, worked on by whatever runs functions.

What has been done stands in ``state/reprocess/<run>/``: started again with the same parameters and the same code, it
goes on.
"""

from __future__ import annotations

import concurrent.futures
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

from flows.rereading.archive_run import end_run, load_first, make_ready
from flows.rereading.pieces import Difference, Job, Piece, PieceResult, code_version, reread_piece, split, with_rules
from flows.runs.killed_runs import close_killed
from flows.runs.run_lock import is_alive, new_run_id, run_lock
from flows.settings import Settings
from flows.upkeep.learned_chrome import rules_of
from scrapers.records import Batch, Candidate, Source
from scrapers.report_years import may_be_of, spelt
from scrapers.reread import column_of, rejudged
from warehouse.batches.landing import write_batch
from warehouse.ledgers.crawl_ledger import start_run
from warehouse.ledgers.rereading import CaptureToReread, captures_to_reread, unread_candidates
from warehouse.load import LoadResult, load_pending

RUN_KIND = "reprocess"
LOAD_EVERY = 5.0
"""Seconds between two looks of the loader at the landing folder."""


@dataclass(frozen=True, slots=True)
class ReprocessScope:
    """Which pages are read anew; nothing given means all."""

    since: datetime | None = None
    source_ids: tuple[str, ...] = ()
    years: frozenset[int] = frozenset()
    """Report years: of what is held, or by title and date where nothing is."""

    def takes(self, capture: CaptureToReread) -> bool:
        if not self.years:
            return True
        if capture.report_year is not None:
            return capture.report_year in self.years
        return may_be_of(self.years, capture.candidate.title, capture.candidate.listed_date)

    def said(self) -> dict[str, Any]:
        """As it is recorded of the run."""
        return {
            "since": self.since.isoformat() if self.since else None,
            "sources": list(self.source_ids),
            "years": spelt(self.years) or None,
        }


@dataclass(frozen=True, slots=True)
class RereadSummary:
    """What a run did, or with ``compared`` what it would change."""

    run_id: str
    compared: bool
    pages: int
    reports: int
    pieces: int
    done_before: int
    """Pieces that an earlier run of the same parameters and code had done."""
    seconds: float
    titles: Mapping[str, int]
    """Rows judged by title alone whose judgement is another today: ``rejected -> wanted`` -> how many."""
    changed: Mapping[str, int]
    """Field (``text`` among them) -> pages of which it is read otherwise."""
    differences: tuple[Difference, ...] = ()
    problems: tuple[str, ...] = ()
    loads: tuple[LoadResult, ...] = ()


@dataclass
class Rereading:
    """A run over the archive: entered, it knows its ``pieces``; each is done by :func:`reread_piece` with ``job``, and
    its result given to :meth:`take`. Left, everything has been loaded and published.
    """

    settings: Settings
    registry: Sequence[Source]
    scope: ReprocessScope = ReprocessScope()
    compare: bool = False
    sample: int = 0
    on_word: Callable[[str], None] = lambda _: None

    def __enter__(self) -> Rereading:
        self._began = time.monotonic()
        with ExitStack() as held:
            self._begin(held)
            self._alive = held.pop_all()
        return self

    def _begin(self, held: ExitStack) -> None:
        settings = self.settings
        make_ready(settings, "reprocess")
        self._loads: list[LoadResult] = [] if self.compare else [load_first(settings, self.registry)]
        self._code = code_version(settings.sources_dir)
        self._results: list[PieceResult] = []
        self._taken: set[int] = set()
        self._titles: Counter[str] = Counter()
        self._load_at = time.monotonic() + LOAD_EVERY
        learned = rules_of(settings.warehouse_path)
        if self.compare:
            self.run_id = new_run_id()
            pieces = split(self._captures())
        else:
            self.run_id, pieces = self._begun_or_new(held)
            start_run(settings.warehouse_path, self.run_id, RUN_KIND, {**self.scope.said(), "code": self._code})
        self.done_before = sum(piece.number in self._taken for piece in pieces)
        self.pieces = tuple(with_rules(piece, learned) for piece in pieces if piece.number not in self._taken)
        self.job = Job(
            self.run_id,
            RUN_KIND,
            settings.archive_dir.resolve(),
            settings.landing_dir.resolve(),
            settings.sources_dir.resolve(),
            settings.trusted_hosts,
            self.compare,
            self.sample,
            settings.recognised_dir.resolve(),
        )
        self._judge_titles()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.compare:
                self._end(error)
        finally:
            self._alive.close()
            self._seconds = time.monotonic() - self._began

    def take(self, result: PieceResult) -> None:
        """Record that a piece is done; loads what has landed every few seconds."""
        self._results.append(result)
        self._taken.add(result.number)
        if self.compare:
            return
        with (self._folder / "done").open("a", encoding="ascii") as done:
            done.write(f"{result.number}\n")
        if time.monotonic() >= self._load_at:
            self._load()
            self._load_at = time.monotonic() + LOAD_EVERY

    def summary(self) -> RereadSummary:
        """After the ``with`` block."""
        changed: Counter[str] = Counter()
        differences = [one for result in self._results for one in result.differences]
        for one in differences:
            changed.update(one.fields.keys())
        problems = [problem for result in self._results for problem in result.problems]
        problems += [f"{batch.path}: {batch.reason}" for load in self._loads for batch in load.rejected_batches]
        return RereadSummary(
            self.run_id,
            self.compare,
            sum(result.pages for result in self._results),
            sum(result.reports for result in self._results),
            len(self._results),
            self.done_before,
            self._seconds,
            dict(self._titles),
            dict(changed),
            tuple(sorted(differences, key=lambda one: one.url)),
            tuple(problems),
            tuple(self._loads),
        )

    @property
    def done(self) -> int:
        """Pieces that are done, those of an earlier attempt among them."""
        return len(self._taken)

    @property
    def _folder(self) -> Path:
        return self.settings.state_dir / "reprocess" / self.run_id

    def _captures(self) -> tuple[CaptureToReread, ...]:
        captures = captures_to_reread(
            self.settings.warehouse_path, source_ids=self.scope.source_ids, since=self.scope.since
        )
        return tuple(one for one in captures if self.scope.takes(one))

    def _begun_or_new(self, held: ExitStack) -> tuple[str, list[Piece]]:
        """A run that was cut short, of the same parameters and code, or a new one; held as alive from here on."""
        runs, asked = self.settings.state_dir / "runs", {**self.scope.said(), "code": self._code}
        close_killed(self.settings)
        for plan in sorted((self.settings.state_dir / "reprocess").glob("*/plan.json"), reverse=True):
            run_id = plan.parent.name
            said = json.loads(plan.read_text("utf-8"))
            if is_alive(runs, run_id) or said["asked"] != asked:
                continue
            held.enter_context(run_lock(runs, run_id))
            done = plan.with_name("done")
            self._taken = {int(line) for line in done.read_text("ascii").split()} if done.exists() else set()
            self.on_word(f"going on with run {run_id}: {len(self._taken)} of {len(said['pieces'])} pieces are done")
            return run_id, self._as_planned(said["pieces"])
        run_id, pieces = new_run_id(), split(self._captures())
        held.enter_context(run_lock(runs, run_id))
        folder = self.settings.state_dir / "reprocess" / run_id
        folder.mkdir(parents=True)
        planned = [[piece.number, [one.capture.capture_id for one in piece.captures]] for piece in pieces]
        part = folder / "plan.json.part"
        part.write_text(json.dumps({"asked": asked, "pieces": planned}), encoding="utf-8")
        part.replace(folder / "plan.json")
        return run_id, pieces

    def _as_planned(self, planned: Sequence[tuple[int, Sequence[str]]]) -> list[Piece]:
        left = [one for number, ids in planned if number not in self._taken for one in ids]
        captures = {
            one.capture.capture_id: one for one in captures_to_reread(self.settings.warehouse_path, capture_ids=left)
        }
        pieces = []
        for number, ids in planned:
            of_piece = tuple(captures[one] for one in ids if one in captures)
            pieces.append(Piece(number, str(of_piece[0].capture.warc_file) if of_piece else "", of_piece))
        return pieces

    def _judge_titles(self) -> None:
        """Rows of which no page was read, judged anew: what is wanted now the next crawl asks for."""
        sources = {source.id: source for source in self.registry}
        changed: list[Candidate] = []
        for held in unread_candidates(self.settings.warehouse_path, self.scope.source_ids):
            source = sources.get(held.source_id)
            if source is None or not may_be_of(self.scope.years, held.title, held.listed_date):
                continue
            today = rejudged(source, column_of(source, held), held)
            if (today.state, today.report_type) != (held.state, held.report_type):
                self._titles[f"{held.state} -> {today.state}"] += 1
                changed.append(today)
        if self.compare or self.done_before:
            return
        for source_id, ours in groupby(sorted(changed, key=lambda one: one.source_id), key=lambda one: one.source_id):
            batch = Batch(self.run_id, source_id, 0, candidates=tuple(ours))
            write_batch(self.settings.landing_dir, batch, run_kind=RUN_KIND)

    def _load(self) -> None:
        self._loads.append(load_pending(self.settings.warehouse_path, self.settings.landing_dir))

    def _end(self, error: BaseException | None) -> None:
        end_run(
            self.settings,
            self.run_id,
            error,
            load=self._load,
            said=lambda: {
                "pages": sum(result.pages for result in self._results),
                "pieces": len(self._taken),
            },
        )
        if error is None:
            for path in self._folder.iterdir():
                path.unlink()
            self._folder.rmdir()


def reprocess_plainly(
    settings: Settings,
    registry: Sequence[Source],
    scope: ReprocessScope,
    *,
    compare: bool = False,
    sample: int = 0,
    processes: int = 1,
    executor: Executor | None = None,
    on_word: Callable[[str], None] = lambda _: None,
    on_piece: Callable[[int, int], None] = lambda *_: None,
) -> RereadSummary:
    """A run without Prefect: in this process, in ``processes`` of this machine, or by any ``executor`` (that of a Dask
    client among them). ``on_piece`` hears how many pieces of how many are done.
    """
    run = Rereading(settings, registry, scope, compare, sample, on_word)
    with run:
        for result in results_of(run.job, run.pieces, processes, executor):
            run.take(result)
            on_piece(run.done, len(run.pieces) + run.done_before)
    return run.summary()


def results_of(
    job: Job, pieces: Sequence[Piece], processes: int, executor: Executor | None = None
) -> Iterator[PieceResult]:
    """The results of ``pieces`` as they are done."""
    if executor is None and processes <= 1:
        for piece in pieces:
            yield reread_piece(job, piece)
        return
    with process_pool(processes) if executor is None else _lent(executor) as pool:
        futures: list[Future[PieceResult]] = [pool.submit(reread_piece, job, piece) for piece in pieces]
        try:
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        except BaseException:
            for future in futures:
                future.cancel()
            raise


@contextmanager
def process_pool(processes: int) -> Iterator[Executor]:
    """So many processes of this machine."""
    # spawned, not forked: this process has threads
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@contextmanager
def _lent(executor: Executor) -> Iterator[Executor]:
    yield executor
