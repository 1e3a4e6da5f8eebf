"""The archive read anew as plain functions: pieces of WARC files, worked on by whatever runs functions.

A piece is what one WARC file holds of pages, or a part of it. It needs nothing but the archive, the registry and the
landing folder, so that any number of processes, on any machine that shares these folders, may do it. What has been done
stands in ``state/reprocess/<run>/``: started again with the same parameters and the same code, it goes on.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any

import scrapers
from flows.archive_run import close_killed, end_run, load_first, make_ready
from flows.learning import Rules, rules_of
from flows.run_lock import is_alive, new_run_id, run_lock
from flows.settings import Settings
from scrapers.addresses import host_of
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.recognised_texts import RecognisedTexts
from scrapers.reading.learned import LearnedRule
from scrapers.records import Batch, Candidate, Report, Source, State
from scrapers.report_years import may_be_of, spelt
from scrapers.reread import column_of, rejudged, reread
from scrapers.sources.registry import load_sources
from warehouse.errors import BatchConflictError
from warehouse.landing import write_batch
from warehouse.ledger import start_run
from warehouse.load import LoadResult, load_pending
from warehouse.rereading import COMPARED, CaptureToReread, captures_to_reread, unread_candidates

PAGES_A_PIECE = 100
"""Pages at most of one piece: enough that starting it costs nothing, few enough that all processes end together."""
LOAD_EVERY = 5.0
"""Seconds between two looks of the loader at the landing folder."""


@dataclass(frozen=True, slots=True)
class Wanted:
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
class Job:
    """What every piece of one run needs to know; small enough to be sent with each."""

    run_id: str
    archive_dir: Path
    landing_dir: Path
    sources_dir: Path
    trusted_hosts: tuple[str, ...]
    compare: bool = False
    sample: int = 0
    """Pages of one piece whose text is handed back where it differs."""
    recognised_dir: Path | None = None
    """Texts of scans."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Pages of one WARC file, in their order there."""

    number: int
    warc_file: str
    captures: tuple[CaptureToReread, ...]
    learned: Mapping[str, tuple[LearnedRule, ...]] = field(default_factory=dict)
    """Chrome learned of these pages' hosts."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What is read otherwise today of one page."""

    url: str
    source_id: str
    document_id: str | None
    fields: Mapping[str, tuple[str | None, str | None]]
    """Name -> held and today's value; ``text`` among them by its digest."""
    text: str | None = None
    """Today's, where it differs and the page is of the sample."""


@dataclass(frozen=True, slots=True)
class PieceResult:
    """What came of a piece."""

    number: int
    pages: int
    reports: int
    differences: tuple[Difference, ...] = ()
    problems: tuple[str, ...] = ()


def reread_piece(job: Job, piece: Piece) -> PieceResult:
    """Read the pages of ``piece`` anew, and the files attached to them: into the landing folder, a batch a source, or
    compared with what is held.

    Runs in any process; raises what the landing folder raises.
    """
    recognised = None if job.recognised_dir is None else RecognisedTexts(job.recognised_dir)
    with FileReader(at_most=1, recognised=recognised) as reader:
        return _reread_piece(job, piece, reader)


def _reread_piece(job: Job, piece: Piece, reader: FileReader) -> PieceResult:
    registry = _registry(job.sources_dir)
    found: dict[str, tuple[list[Candidate], list[Report]]] = {}
    differences: list[Difference] = []
    problems: list[str] = []
    texts = reports = 0
    for one in piece.captures:
        source = registry.get(one.candidate.source_id)
        if source is None:
            problems.append(f"{one.candidate.url}: no source {one.candidate.source_id} is in the registry any more")
            continue
        read = reread(
            job.archive_dir,
            source,
            one.candidate,
            one.capture,
            held_before=one.held_before,
            learned=piece.learned,
            trusted_hosts=job.trusted_hosts,
            files=one.files,
            read_file=reader.read,
        )
        if read.problem is not None:
            problems.append(read.problem)
            continue
        if read.report is None and one.held is not None:
            problems.append(f"{one.candidate.url}: {read.outcome}: no document today; what is held stays")
        reports += read.report is not None
        difference = _difference(one, read.report, with_text=job.compare and texts < job.sample)
        if difference is not None:
            differences.append(difference)
            texts += difference.text is not None
        if not job.compare and read.candidate is not None:
            candidates, made = found.setdefault(source.id, ([], []))
            candidates.append(read.candidate)
            if read.report is not None:
                made.append(read.report)
    for source_id, (candidates, made) in found.items():
        batch = Batch(job.run_id, source_id, piece.number, candidates=tuple(candidates), reports=tuple(made))
        with suppress(BatchConflictError):  # written before this run was killed, with chrome learned until then
            write_batch(job.landing_dir, batch)
    return PieceResult(piece.number, len(piece.captures), reports, tuple(differences), tuple(problems))


def _difference(one: CaptureToReread, report: Report | None, *, with_text: bool) -> Difference | None:
    if report is None:
        return None
    held = one.held
    today = _fields(report)
    fields: dict[str, tuple[str | None, str | None]] = {}
    if held is None:
        if report.state is not State.REJECTED:
            fields["state"] = (None, today["state"])
    else:
        if held.fields is not None:
            fields = {name: (held.fields[name], today[name]) for name in COMPARED if held.fields[name] != today[name]}
        if held.text_digest != report.text_digest:
            fields["text"] = (held.text_digest, report.text_digest)
    if not fields:
        return None
    text = report.draft.text if "text" in fields and with_text else None
    return Difference(one.candidate.url, one.candidate.source_id, held.document_id if held else None, fields, text)


def _fields(report: Report) -> dict[str, str | None]:
    values: dict[str, Any] = {
        "state": report.state,
        "publisher": report.publisher,
        "division_code": report.division_code,
        "level": report.level,
        "report_type": report.report_type,
        "report_year": report.report_year,
        "title": report.draft.title,
        "published": report.published_date,
        "doc_number": report.draft.doc_number,
        "index_number": report.draft.index_number,
        "edition": report.edition,
    }
    return {name: None if value is None else str(value) for name, value in values.items()}


@lru_cache(maxsize=2)
def _registry(folder: Path) -> dict[str, Source]:
    return {source.id: source for source in load_sources(folder)}


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
    wanted: Wanted = Wanted()
    compare: bool = False
    sample: int = 0
    on_word: Callable[[str], None] = lambda _: None

    def __enter__(self) -> Rereading:
        self._began = time.monotonic()
        self._alive = ExitStack()
        try:
            self._begin()
        except BaseException:
            self._alive.close()
            raise
        return self

    def _begin(self) -> None:
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
            self.run_id, pieces = self._begun_or_new()
            start_run(settings.warehouse_path, self.run_id, "reprocess", {**self.wanted.said(), "code": self._code})
        self.done_before = sum(piece.number in self._taken for piece in pieces)
        self.pieces = tuple(with_rules(piece, learned) for piece in pieces if piece.number not in self._taken)
        self.job = Job(
            self.run_id,
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
    def _folder(self) -> Path:
        return self.settings.state_dir / "reprocess" / self.run_id

    def _captures(self) -> tuple[CaptureToReread, ...]:
        captures = captures_to_reread(
            self.settings.warehouse_path, source_ids=self.wanted.source_ids, since=self.wanted.since
        )
        return tuple(one for one in captures if self.wanted.takes(one))

    def _begun_or_new(self) -> tuple[str, list[Piece]]:
        """A run that was cut short, of the same parameters and code, or a new one; held as alive from here on."""
        runs, asked = self.settings.state_dir / "runs", {**self.wanted.said(), "code": self._code}
        close_killed(self.settings)
        for plan in sorted((self.settings.state_dir / "reprocess").glob("*/plan.json"), reverse=True):
            run_id = plan.parent.name
            said = json.loads(plan.read_text("utf-8"))
            if is_alive(runs, run_id) or said["asked"] != asked:
                continue
            self._alive.enter_context(run_lock(runs, run_id))
            done = plan.with_name("done")
            self._taken = {int(line) for line in done.read_text("ascii").split()} if done.exists() else set()
            self.on_word(f"going on with run {run_id}: {len(self._taken)} of {len(said['pieces'])} pieces are done")
            return run_id, self._as_planned(said["pieces"])
        run_id, pieces = new_run_id(), split(self._captures())
        self._alive.enter_context(run_lock(runs, run_id))
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
        for held in unread_candidates(self.settings.warehouse_path, self.wanted.source_ids):
            source = sources.get(held.source_id)
            if source is None or not may_be_of(self.wanted.years, held.title, held.listed_date):
                continue
            today = rejudged(source, column_of(source, held), held)
            if (today.state, today.report_type) != (held.state, held.report_type):
                self._titles[f"{held.state} -> {today.state}"] += 1
                changed.append(today)
        if self.compare or self.done_before:
            return
        for source_id, ours in groupby(sorted(changed, key=lambda one: one.source_id), key=lambda one: one.source_id):
            write_batch(self.settings.landing_dir, Batch(self.run_id, source_id, 0, candidates=tuple(ours)))

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


def split(captures: Iterable[CaptureToReread]) -> list[Piece]:
    """Pieces of at most :data:`PAGES_A_PIECE` pages, each of one WARC file; numbered from 1."""
    pieces: list[Piece] = []
    for warc_file, of_file in groupby(captures, key=lambda one: str(one.capture.warc_file)):
        ours = list(of_file)
        for start in range(0, len(ours), PAGES_A_PIECE):
            pieces.append(Piece(len(pieces) + 1, warc_file, tuple(ours[start : start + PAGES_A_PIECE])))
    return pieces


def code_version(sources_dir: Path) -> str:
    """Digest of everything that decides how a page is read and judged: the code, its rules, the registry."""
    digest = hashlib.sha256()
    package = Path(scrapers.__file__).parent
    for folder in dict.fromkeys((package.resolve(), sources_dir.resolve())):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".toml", ".txt", ".csv") and ".pages" not in str(path):
                digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def reprocess_plainly(
    settings: Settings,
    registry: Sequence[Source],
    wanted: Wanted,
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
    run = Rereading(settings, registry, wanted, compare, sample, on_word)
    with run:
        for result in results_of(run.job, run.pieces, processes, executor):
            run.take(result)
            on_piece(len(run._taken), len(run.pieces) + run.done_before)
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


def with_rules(piece: Piece, learned: Rules) -> Piece:
    hosts = {host_of(one.capture.final_url) for one in piece.captures}
    rules = {host: learned[host] for host in hosts if host in learned}
    return Piece(piece.number, piece.warc_file, piece.captures, rules)
