"""A piece of the archive read anew: what one WARC file holds of pages, or a part of it.

It needs nothing but the archive, the registry and the landing folder, so that any number of processes, on any machine
that shares these folders, may do it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import scrapers
from flows.upkeep.learned_chrome import Rules
from scrapers.addresses import host_of
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.recognised_texts import RecognisedTexts
from scrapers.reading.learned import LearnedRule
from scrapers.records import Batch, Candidate, Report, Source, State
from scrapers.reread import reread
from scrapers.sources.registry import load_sources
from warehouse.batches.landing import write_batch
from warehouse.errors import BatchConflictError
from warehouse.ledgers.rereading import COMPARED, CaptureToReread

PAGES_A_PIECE = 100
"""Pages at most of one piece: enough that starting it costs nothing, few enough that all processes end together."""


@dataclass(frozen=True, slots=True)
class Job:
    """What every piece of one run needs to know; small enough to be sent with each."""

    run_id: str
    run_kind: str
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
            write_batch(job.landing_dir, batch, run_kind=job.run_kind)
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


def with_rules(piece: Piece, learned: Rules) -> Piece:
    hosts = {host_of(one.capture.final_url) for one in piece.captures}
    rules = {host: learned[host] for host in hosts if host in learned}
    return Piece(piece.number, piece.warc_file, piece.captures, rules)
