"""Texts of scans as plain functions: files that wait for it are recognised one by one, and their reports read again.

Two steps, so that nothing is done twice. What was recognised of a file is kept by its digest (``data/recognised``) the
moment it is there; the pages it hangs on are then read anew from the archive, as a reprocess does, and loaded. A run
that was cut short left whole files only: the next one goes on.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import TracebackType

from flows.rereading.archive_run import end_run, load_first, make_ready
from flows.rereading.pieces import Job, Piece, reread_piece, split, with_rules
from flows.runs.killed_runs import close_killed
from flows.runs.run_lock import new_run_id, run_lock
from flows.settings import Settings
from flows.upkeep.learned_chrome import rules_of
from scrapers.reading.attachments.recognised_texts import RecognisedText, RecognisedTextError, RecognisedTexts
from scrapers.records import FileOutcome, FileText, Source
from scrapers.web.capture_index import CaptureNotFoundError, read_capture
from warehouse.ledgers.crawl_ledger import start_run
from warehouse.ledgers.rereading import captures_to_reread
from warehouse.ledgers.scans import Scan, scans
from warehouse.load import LoadResult, load_pending

RUN_KIND = "recognise"
LOAD_EVERY = 60.0
"""Seconds between two loads of what was recognised."""

Recognise = Callable[[bytes, str | None], FileText]
"""``FileReader(RECOGNITION_LIMITS, recognising=True).read``, or one that does the same."""


@dataclass(frozen=True, slots=True)
class RecognitionScope:
    """Which scans are recognised."""

    source_ids: tuple[str, ...] = ()
    limit: int = 500
    """Pages after which no further file is begun."""
    annexes: bool = False
    """Also scans beside a report whose text is held."""
    again: bool = False
    """Also files that were recognised, or tried in vain: by whatever engine, this one included."""


@dataclass(frozen=True, slots=True)
class RecognisedFile:
    """What came of one file."""

    url: str
    label: str
    outcome: FileOutcome
    pages: int
    confidence: float | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class RecognitionSummary:
    """What a run did."""

    run_id: str
    engine: str
    files: tuple[RecognisedFile, ...]
    pages: int
    reports: int
    """Reports read again with what was recognised."""
    left: int
    """Files that wait for the next run."""
    seconds: float
    problems: tuple[str, ...] = ()
    loads: tuple[LoadResult, ...] = ()

    @property
    def taken(self) -> int:
        """Files whose text was good enough."""
        return sum(file.outcome is FileOutcome.READ for file in self.files)


@dataclass
class RecognitionRun:
    """Entered, it knows its ``waiting`` files; :meth:`recognise_next` does one. Left, all that was done is loaded and
    published, also where it is left by an error.
    """

    settings: Settings
    registry: Sequence[Source]
    scope: RecognitionScope
    recognise: Recognise
    engine: str
    """Name and version of what ``recognise`` uses; a file is not recognised twice by one."""

    def __enter__(self) -> RecognitionRun:
        self._began = time.monotonic()
        with ExitStack() as held:
            self._begin(held)
            self._alive = held.pop_all()
        return self

    def _begin(self, held: ExitStack) -> None:
        settings = self.settings
        make_ready(settings, "recognise")
        self._loads = [load_first(settings, self.registry)]
        close_killed(settings)
        self.run_id = new_run_id()
        held.enter_context(run_lock(settings.state_dir / "runs", self.run_id))
        asked = {"sources": list(self.scope.source_ids), "limit": self.scope.limit, "engine": self.engine}
        start_run(settings.warehouse_path, self.run_id, RUN_KIND, asked)
        self._kept = RecognisedTexts(settings.recognised_dir)
        self._files: list[RecognisedFile] = []
        self._problems: list[str] = []
        self._pages = self._reports = self._pieces = 0
        self._to_read: dict[str, None] = {}
        """Answers of pages whose files were recognised, and not yet loaded."""
        self._places: dict[str, list[Scan]] = {}
        self.waiting: list[Scan] = []
        for scan in scans(
            settings.warehouse_path,
            source_ids=self.scope.source_ids,
            annexes=self.scope.annexes,
            recognised=self.scope.again,
        ):
            self._sort(scan)
        self._load_at = time.monotonic() + LOAD_EVERY

    def _sort(self, scan: Scan) -> None:
        """A file waits for the engine, for being loaded, or for nothing."""
        places = self._places.setdefault(scan.digest, [])
        places.append(scan)
        try:
            kept = self._kept.find(scan.digest)
        except RecognisedTextError as error:
            self._problems.append(str(error))
            return
        if kept is not None and not scan.is_recognised and not _says_why(scan, kept):
            self._to_read[scan.page_capture_id] = None  # a run was cut short before it loaded this
        if len(places) > 1:
            return
        done = kept is not None and (kept.reading.outcome is FileOutcome.READ or kept.engine == self.engine)
        if self.scope.again or not done:
            self.waiting.append(scan)

    def recognise_next(self) -> RecognisedFile | None:
        """Recognise a file and keep its text; ``None`` where none is left, or the run has done its pages."""
        while self.waiting and self._pages < self.scope.limit:
            scan = self.waiting.pop(0)
            body = self._archived(scan)
            if body is None:
                continue
            found = self.recognise(body, scan.label or scan.url)
            if found.outcome is not FileOutcome.READ:
                ended = "" if found.outcome is FileOutcome.NEEDS_OCR else f"{found.outcome}: "
                found = replace(found, detail=f"recognition: {ended}{found.detail}")
            self._kept.keep(scan.digest, RecognisedText(self.engine, found))
            self._to_read.update((one.page_capture_id, None) for one in self._places[scan.digest])
            pages = found.pages or 1
            self._pages += pages
            done = RecognisedFile(scan.url, scan.label, found.outcome, pages, found.confidence, found.detail)
            self._files.append(done)
            if time.monotonic() >= self._load_at:
                self._load()
                self._load_at = time.monotonic() + LOAD_EVERY
            return done
        return None

    def _archived(self, scan: Scan) -> bytes | None:
        place = f"{scan.warc_file}, byte {scan.warc_offset}"
        try:
            body = read_capture(self.settings.archive_dir, scan.warc_file, scan.warc_offset).payload()
        except (CaptureNotFoundError, ValueError) as error:
            self._problems.append(f"{scan.url}: {error}")
            return None
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != scan.digest:
            self._problems.append(f"{scan.url}: not what was read then at {place}; run `nianbao archive verify`")
            return None
        return body

    def _load(self) -> None:
        """Read the pages anew whose files were recognised, and load them."""
        settings = self.settings
        if self._to_read:
            captures = captures_to_reread(settings.warehouse_path, capture_ids=list(self._to_read))
            job = Job(
                self.run_id,
                RUN_KIND,
                settings.archive_dir.resolve(),
                settings.landing_dir.resolve(),
                settings.sources_dir.resolve(),
                settings.trusted_hosts,
                recognised_dir=settings.recognised_dir.resolve(),
            )
            learned = rules_of(settings.warehouse_path)
            for piece in split(captures):
                self._pieces += 1
                numbered = Piece(self._pieces, piece.warc_file, piece.captures)
                result = reread_piece(job, with_rules(numbered, learned))
                self._reports += result.reports
                self._problems += result.problems
            self._to_read.clear()
        self._loads.append(load_pending(settings.warehouse_path, settings.landing_dir))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            end_run(
                self.settings,
                self.run_id,
                error,
                load=self._load,
                said=lambda: {"pages": self._pages, "files": len(self._files)},
            )
        finally:
            self._alive.close()
            self._seconds = time.monotonic() - self._began

    def summary(self) -> RecognitionSummary:
        """After the ``with`` block."""
        rejected = [f"{batch.path}: {batch.reason}" for load in self._loads for batch in load.rejected_batches]
        return RecognitionSummary(
            self.run_id,
            self.engine,
            tuple(self._files),
            self._pages,
            self._reports,
            len(self.waiting),
            self._seconds,
            (*self._problems, *rejected),
            tuple(self._loads),
        )


def _says_why(scan: Scan, kept: RecognisedText) -> bool:
    """Whether what is held of a scan says already why its recognised text was not taken."""
    why = kept.reading.detail
    return kept.reading.outcome is not FileOutcome.READ and why is not None and why in (scan.detail or "")


def recognise_plainly(
    settings: Settings,
    registry: Sequence[Source],
    scope: RecognitionScope,
    recognise: Recognise,
    engine: str,
    *,
    on_file: Callable[[RecognisedFile, int], None] = lambda *_: None,
) -> RecognitionSummary:
    """A run without Prefect. ``on_file`` hears of each file, and how many wait."""
    run = RecognitionRun(settings, registry, scope, recognise, engine)
    with run:
        for done in files_of(run):
            on_file(done, len(run.waiting))
    return run.summary()


def files_of(run: RecognitionRun) -> Iterator[RecognisedFile]:
    """Each file of a run as it is done."""
    while (done := run.recognise_next()) is not None:
        yield done


def sentence(summary: RecognitionSummary) -> str:
    """The run in one sentence."""
    return (
        f"{len(summary.files)} files of {summary.pages} pages in {summary.seconds:.0f} s by {summary.engine}: "
        f"{summary.taken} taken, {summary.reports} reports read again; {summary.left} files wait."
    )
