"""``nianbao sources check``: is the registry well formed, are its pages read as reviewed, do columns list all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from flows.commands.corrections import correction_troubles
from flows.crawling.crawl_run import RunStoppedError
from flows.crawling.host_groups import host_groups
from flows.crawling.web_client import web_client
from flows.settings import Settings
from flows.terminal import many, say, show_table, talk
from scrapers.column_lists import list_source
from scrapers.fetcher import Fetcher
from scrapers.records import Column, Fetched, KnownPage, Listing, Outcome, Request, Source
from scrapers.sources.golden_pages import GoldenVerdict, check_golden_pages, strays
from scrapers.sources.overrides import china_day
from scrapers.sources.registry import SourceError, load_sources, select_sources
from scrapers.sources.report_rows import report_rows
from warehouse.answers.advice import with_advice
from warehouse.ledgers.source_checks import FILE_NAME, CheckLedger, SourceCheck, append_checks, read_checks


def ledger_path(settings: Settings) -> Path:
    """Where the check ledger lies."""
    return settings.data_dir / FILE_NAME


def check_command(settings: Settings, *, sources: list[str], province: str | None, live: bool) -> int:
    """Check the registry, its golden pages, and with ``live`` every column on its site. Exit code 1 on trouble."""
    try:
        registry = load_sources(settings.sources_dir)
        of_corrections = correction_troubles(settings)
    except SourceError as error:
        for problem in error.problems:
            say("trouble", problem)
        return 1
    chosen = select_sources(registry, ids=sources, province=province)
    before = read_ledger(settings)
    verdicts = {source.id: check_golden_pages(source, Path(source.file)) for source in chosen if source.file}
    troubles = [problem for verdict in verdicts.values() for problem in verdict.problems]
    troubles += of_corrections
    if not sources and province is None:
        troubles += strays(settings.sources_dir, registry)
    ledger = before
    if live:
        checks = check_live(settings, chosen)
        ledger = CheckLedger((*before.checks, *checks))
        troubles += [trouble for check in checks for trouble in troubles_of(check, before)]
    show_checks(chosen, ledger, verdicts)
    for trouble in troubles:
        say("trouble", trouble)
    columns = [(source.id, column.url) for source in chosen for column in source.columns]
    never = sum(ledger.last(*column) is None for column in columns)
    talk.print(
        f"{many(len(chosen), 'source')} with {many(len(columns), 'column')}, well formed; "
        + (f"{many(len(troubles), 'thing')} to look at." if troubles else "nothing to look at.")
        + (f" {many(never, 'column')} never checked live: `nianbao sources check --live`." if never else "")
    )
    return 1 if troubles else 0


def read_ledger(settings: Settings) -> CheckLedger:
    """The check ledger; a line that cannot be read is said, and skipped."""
    ledger = read_checks(ledger_path(settings))
    for trouble in ledger.troubles:
        say("problem", trouble)
    return ledger


@dataclass(slots=True)
class CountingFetcher:
    """A client that counts what it sends, and sends nothing more once ``stopping`` is set."""

    client: Fetcher
    stopping: threading.Event = field(default_factory=threading.Event)
    requests: int = 0
    """Requests sent, tries again included."""

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        if self.stopping.is_set():
            raise RunStoppedError("the check was stopped")
        fetched = self.client.fetch(request, hosts=hosts, pace_seconds=pace_seconds, known=known)
        self.requests += fetched.capture.attempts
        return fetched


def check_live(settings: Settings, sources: Sequence[Source]) -> tuple[SourceCheck, ...]:
    """List every column of ``sources`` on its site, hosts beside each other; each check is in the ledger as it ends.

    The checks come in registry order.
    """
    done: dict[tuple[str, str], SourceCheck] = {}
    stopping, lock = threading.Event(), threading.Lock()
    columns = sum(len(source.columns) for source in sources)

    def finished(check: SourceCheck) -> None:
        with lock:
            append_checks(ledger_path(settings), [check])
            done[check.source_id, check.column_url] = check
            talk.print(f"checked {len(done)} of {columns} columns; {check.source_id}: {check.detail or check.outcome}")

    with (
        web_client(settings, sources=sources) as client,
        ThreadPoolExecutor(settings.workers, thread_name_prefix="check") as pool,
    ):
        futures = [
            pool.submit(_check_sources, group.sources, CountingFetcher(client, stopping), finished)
            for group in host_groups(sources)
        ]
        try:
            for future in futures:
                future.result()
        except BaseException:
            stopping.set()  # the pool waits for its threads, and a host can take an hour
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    order = [(source.id, column.url) for source in sources for column in source.columns]
    return tuple(done[key] for key in order)


def _check_sources(sources: Sequence[Source], client: CountingFetcher, finished: Callable[[SourceCheck], None]) -> None:
    for source in sources:
        began, sent = time.monotonic(), client.requests
        for column, listing in list_source(source, client):
            finished(checked(source, column, listing, client.requests - sent, time.monotonic() - began))
            began, sent = time.monotonic(), client.requests


def checked(source: Source, column: Column, listing: Listing, requests: int, seconds: float) -> SourceCheck:
    """A listing as a row of the check ledger."""
    newest = next(iter(report_rows(listing.rows, column)), None)
    return SourceCheck(
        checked_at=datetime.now(UTC),
        source_id=source.id,
        column_url=column.url,
        outcome=listing.outcome,
        detail=listing.detail,
        rows=len(listing.rows),
        total_stated=listing.total_stated,
        pages=listing.pages_read,
        newest_row=max((row.date for row in listing.rows if row.date is not None), default=None),
        report_title=newest.title if newest is not None else None,
        report_url=newest.url if newest is not None else None,
        report_date=newest.date if newest is not None else None,
        requests=requests,
        seconds=round(seconds, 3),
    )


def troubles_of(check: SourceCheck, before: CheckLedger) -> Iterable[str]:
    """What a person should look at after ``check``, and what to do: it failed, or the column lost rows or reports."""
    where = f"{check.source_id} {check.column_url}"
    if check.outcome is not Outcome.OK:
        yield with_advice(f"{where}: {check.outcome}: {check.detail or ''}", check.outcome)
    elif check.report_title is None:
        yield (
            f"{where}: none of its {check.rows} rows names a report\n    Look in a browser whether it is the right "
            "column; `nianbao sources discover HOST` looks for others."
        )
    good = [each for each in before.of_column(check.source_id, check.column_url) if each.outcome is Outcome.OK]
    last = good[-1] if good else None
    if last is not None and check.outcome is Outcome.OK and check.rows < last.rows:
        yield (
            f"{where}: lists {check.rows} rows, {last.rows - check.rows} fewer than on {_day(last)}\n    Look whether "
            "the site withdrew papers or moved older ones to another column, which the source file should name then."
        )


def show_checks(sources: Sequence[Source], ledger: CheckLedger, verdicts: Mapping[str, GoldenVerdict]) -> None:
    """A row a column: its last live check, and how its source's golden pages are read today."""
    rows: list[tuple[object, ...]] = []
    for source in sources:
        golden = verdicts[source.id].in_words if source.id in verdicts else ""
        if source.column_unknown is not None:
            rows.append((source.id, "", "", "column unknown", "", "", "", source.column_unknown, golden))
        for column in source.columns:
            last = ledger.last(source.id, column.url)
            name = column.name or column.url
            if last is None:
                rows.append((source.id, name, "never", "", "", "", "", "", golden))
                continue
            report = f"{last.report_date or ''} {last.report_title}".strip() if last.report_title else None
            rows.append(
                (
                    source.id,
                    name,
                    _day(last),
                    last.outcome,
                    last.rows,
                    last.total_stated,
                    report,
                    last.detail,
                    golden,
                )
            )
    show_table(
        ("source", "column", "checked", "outcome", "rows", "stated", "newest report", "detail", "golden pages"), rows
    )


def last_of_source(source: Source, ledger: CheckLedger) -> tuple[str, str]:
    """Day and outcome of the last live check of a source: of several columns the latest day and every outcome."""
    found = [last for column in source.columns if (last := ledger.last(source.id, column.url)) is not None]
    if not found:
        return "never", ""
    outcomes = dict.fromkeys(last.outcome.value for last in found)
    unchecked = len(source.columns) - len(found)
    return max(map(_day, found)), ", ".join((*outcomes, *([f"{unchecked} unchecked"] if unchecked else [])))


def _day(check: SourceCheck) -> str:
    """The day of a check, in China as all days here."""
    return china_day(check.checked_at).isoformat()
