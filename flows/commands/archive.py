"""``nianbao archive``: what the archive holds, whether it is whole, its index, and a stored response as evidence."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from flows.commands.lost_warehouse import nothing_to_rebuild, why_no_copy
from flows.settings import Settings
from flows.terminal import many, say, show_table, shown, talk
from flows.upkeep.archive_index import Reindexed, compare, update_index
from flows.upkeep.derived import derive_missing
from flows.upkeep.learned_chrome import learn_after
from flows.upkeep.registry import load_registry
from scrapers.sources.registry import load_sources
from scrapers.web.archive_check import CheckedFile, Fault, check_file
from scrapers.web.archive_file import is_being_written
from scrapers.web.capture_index import ArchivedResponse, CaptureIndex, CaptureNotFoundError, read_capture, warc_files
from warehouse.errors import NothingKeptError
from warehouse.ledgers.archive_index import find_place, indexed_files
from warehouse.readers import publish
from warehouse.rebuild import reload_kept

SHOWN_FAULTS = 50
"""Faults of a kind that are printed; the rest is counted."""


def list_command(settings: Settings) -> int:
    """A row a file, from the folder and the reader copy's index."""
    known = indexed_files(settings.reader_path)
    paths = {path.name.removesuffix(".open"): path for path in warc_files(settings.archive_dir)}
    rows = []
    for name in sorted(paths.keys() | known.keys()):
        path, indexed = paths.get(name), known.get(name)
        rows.append(
            (
                name,
                indexed.run_id if indexed else None,
                indexed.host_group if indexed else None,
                indexed.records if indexed else None,
                path.stat().st_size if path else indexed.size if indexed else None,
                _minute(indexed.first_at if indexed else None),
                _minute(indexed.last_at if indexed else None),
                _state(path, indexed.size if indexed else None, damaged=bool(indexed and indexed.damage)),
            )
        )
    show_table(("file", "run", "host group", "records", "bytes", "first (UTC)", "last (UTC)", "state"), rows)
    torn = len(list(settings.archive_dir.glob("*.torn")))
    aside = f", and {torn} torn ends that killed runs left (*.torn)" if torn else ""
    talk.print(f"{len(paths)} files in {settings.archive_dir}{aside}")
    if any(row[-1] in ("not indexed", "left open", "missing") for row in rows):
        talk.print("nianbao archive reindex closes what a killed run left open, and brings the index up to date.")
    return 0


def verify_command(settings: Settings, files: Sequence[Path]) -> int:
    """Check files (none given: all, and the warehouse's captures against them). Exit code 1 where something is damaged
    or missing; what no run has closed yet is said and is no damage."""
    paths = list(files) or list(warc_files(settings.archive_dir))
    if not paths and not indexed_files(settings.reader_path):
        talk.print(f"There is no WARC file in {settings.archive_dir} yet. Run: nianbao crawl")
        return 0
    checked: list[CheckedFile] = []
    faults = lines = 0
    with _bar() as progress:
        task = progress.add_task("Verifying", total=len(paths), last="")
        for path in paths:
            file = check_file(_in_archive(settings, path))
            checked.append(file)
            faults += len(file.faults)
            for line in _alike(file.faults):
                lines += 1
                if lines <= SHOWN_FAULTS:
                    sys.stdout.write(shown(line) + "\n")
            if file.state == "left open":
                talk.print(
                    f"{file.file.name} was left open by a run that was killed"
                    + (f"; {file.torn}" if file.torn else "")
                    + ": nianbao archive reindex, or the next crawl, closes it."
                )
            progress.update(task, advance=1, last=file.file.name)
    if lines > SHOWN_FAULTS:
        talk.print(f"... and {lines - SHOWN_FAULTS} more.")
    records = sum(file.file.records for file in checked)
    talk.print(f"{len(checked)} files, {records} records, {faults} of them damaged.")
    missing = 0 if files else _compare(settings, checked)
    return 1 if faults or missing else 0


def reindex_command(settings: Settings, *, everything: bool) -> int:
    """Bring the index up to date and publish it. Exit code 1 where a file is damaged."""
    result = _reindex(settings, everything=everything)
    if settings.warehouse_path.exists():
        publish(settings.warehouse_path, settings.reader_path)
    return 1 if result.damage else 0


def show_command(settings: Settings, wanted: str, *, at: datetime | None, body_only: bool, raw: bool) -> int:
    """Print a stored response. ``at`` without a time zone is UTC."""
    found = _find(settings, wanted, at.replace(tzinfo=UTC) if at is not None else None)
    body = found.body
    if not raw:
        try:
            body = found.payload()
        except ValueError as error:
            say("problem", f"the body cannot be decoded, so it is printed as it was sent: {error}")
    head = f"{found.start_line}\n" + "".join(f"{name}: {value}\n" for name, value in found.headers) + "\n"
    origin = f"{found.record_id} of {found.url}, {found.at:%Y-%m-%d %H:%M:%S} UTC"
    talk.print(shown(origin + (f", from {found.ip}" if found.ip else "")))
    if found.revisit_of is not None:
        original = found.revisit_of
        talk.print(
            shown(
                f"unchanged since {original.date}: the body is that of {original.record_id} "
                f"({original.warc_file}, byte {original.offset})"
            )
        )
    if found.truncated is not None:
        say("problem", f"the body ends early ({found.truncated})")
    if sys.stdout.isatty():
        # A page must not write on the terminal of whoever reads it.
        sys.stdout.write(shown(("" if body_only else head) + body.decode("utf-8", "replace")) + "\n")
    else:
        sys.stdout.buffer.write((b"" if body_only else head.encode("utf-8", "backslashreplace")) + body)
    return 0


def rebuild_command(settings: Settings) -> int:
    """Load the kept batches that the warehouse does not hold, index the archive, publish. Exit code 1 where a batch or
    a file is damaged."""
    registry = load_sources(settings.sources_dir)
    try:
        loaded = reload_kept(settings.warehouse_path, settings.landing_dir)
    except NothingKeptError as error:
        raise NothingKeptError(nothing_to_rebuild(settings) or str(error)) from error
    talk.print(
        f"{loaded.batches} batches loaded: {loaded.captures} captures, {loaded.reports} documents "
        f"({loaded.new_reports} of them new)."
    )
    for batch in loaded.rejected_batches:
        say("problem", f"{batch.path}: {batch.reason}")
    load_registry(settings, registry)
    learn_after(settings.warehouse_path)
    derive_missing(settings.warehouse_path)
    result = _reindex(settings, everything=False)
    published = publish(settings.warehouse_path, settings.reader_path)
    talk.print(f"Published {published.path}. Ask it: nianbao coverage, or nianbao sql")
    return 1 if result.damage or loaded.rejected_batches else 0


def _reindex(settings: Settings, *, everything: bool) -> Reindexed:
    with _bar() as progress:
        task: TaskID = progress.add_task("Indexing", total=None, last="")
        result = update_index(
            settings,
            everything=everything,
            on_file=lambda number, total, name: progress.update(task, completed=number, total=total, last=name),
        )
    for file in result.recovered:
        cut = f", cut {file.cut_bytes} bytes of a torn last record, kept in {file.set_aside}" if file.set_aside else ""
        talk.print(f"{file.warc_file}: closed after a run that was killed{cut}")
    for stretch in result.damage:
        say("problem", f"{stretch}; nianbao archive verify says what to do")
    talk.print(
        f"{result.files} files indexed with {result.records} records; {result.unchanged} were indexed already"
        + (f"; {len(result.forgotten)} are gone from the folder and from the index" if result.forgotten else "")
        + "."
    )
    return result


def _alike(faults: Sequence[Fault]) -> Iterator[str]:
    """A line for each thing that is wrong with a file, with the number of further records of which the same is said."""
    found: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        found.setdefault((fault.what, fault.advice), []).append(fault)
    for first, *others in found.values():
        yield f"{first}" + (f" (the same of {len(others)} more records of this file)" if others else "")


def _compare(settings: Settings, checked: Sequence[CheckedFile]) -> int:
    """Say which captures have lost their record; how many."""
    if not settings.reader_path.exists():
        why = why_no_copy(settings) or f"there is no reader copy at {settings.reader_path}"
        talk.print(f"No capture was looked for: {why}.")
        return 0
    compared = compare(settings.reader_path, checked)
    there = {file.file.name for file in checked}
    gone = Counter(capture.place.warc_file for capture in compared.missing if capture.place.warc_file not in there)
    lines = [
        f"{name}: the file is not there, and with it the records of {many(count, 'capture')}. What to do: put the file "
        "back, or nianbao crawl --recheck-days 0 fetches the pages again"
        for name, count in sorted(gone.items())
    ]
    lines += [
        f"{place.warc_file}, byte {place.offset}: the record of {capture.capture_id} ({capture.url}) is not there. "
        "What to do: put the file back from a copy, or nianbao crawl --recheck-days 0 fetches the page again"
        for capture in compared.missing
        if (place := capture.place).warc_file in there
    ]
    for line in lines[:SHOWN_FAULTS]:
        sys.stdout.write(shown(line) + "\n")
    if len(lines) > SHOWN_FAULTS:
        talk.print(f"... and {len(lines) - SHOWN_FAULTS} more.")
    talk.print(
        f"{compared.captures} captures in the warehouse, {len(compared.missing)} of them without their record; "
        f"{compared.unclaimed} answers that no capture points to (redirects, robots.txt, attempts made again, "
        "batches that never landed)."
    )
    return len(compared.missing)


def _find(settings: Settings, wanted: str, at: datetime | None) -> ArchivedResponse:
    """By the reader copy where it knows the capture, else by the files."""
    place = find_place(settings.reader_path, wanted, at)
    if place is not None:
        return read_capture(settings.archive_dir, place.warc_file, place.offset)
    index = CaptureIndex(settings.archive_dir)
    entry = index.by_id(wanted.strip("<>")) or index.find(wanted, at)
    if entry is None:
        when = f" by {at:%Y-%m-%d %H:%M:%S} UTC" if at is not None else ""
        raise CaptureNotFoundError(
            f"the archive in {settings.archive_dir} holds no answer of {wanted}{when}. The addresses that it holds: "
            'nianbao sql "FROM raw_captures"'
        )
    return index.read(entry)


def _in_archive(settings: Settings, path: Path) -> Path:
    """A file as given, or by its name in the archive folder."""
    for candidate in (path, settings.archive_dir / path, settings.archive_dir / f"{path}.open"):
        if candidate.is_file():
            return candidate
    raise CaptureNotFoundError(f"{path} is not there, neither here nor in {settings.archive_dir}: nianbao archive list")


def _state(path: Path | None, indexed_size: int | None, *, damaged: bool) -> str:
    if path is None:
        return "missing"
    if path.suffix == ".open":
        return "being written" if is_being_written(path) else "left open"
    if indexed_size != path.stat().st_size:
        return "not indexed"
    return "damaged" if damaged else "closed"


def _minute(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[last]}"),
        console=talk,
        disable=not talk.is_terminal,
    )
