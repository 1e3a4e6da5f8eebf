"""``nianbao sources record``: report pages of a source, fetched, read, and put down as golden pages to review."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flows.crawling.web_client import web_client
from flows.settings import Settings
from flows.terminal import many, say, talk
from scrapers.column_lists import list_source
from scrapers.fetcher import Fetcher
from scrapers.platforms.trouble import FATAL
from scrapers.records import Column, Fetched, ListRow, Outcome, Report, Request, Source, State
from scrapers.sources.golden_pages import (
    GoldenPageError,
    check_golden_pages,
    expect_again,
    load_page,
    pages_folder,
    read_as_crawled,
    record,
)
from scrapers.sources.overrides import day_of, hosts_on
from scrapers.sources.registry import load_sources, select_sources
from scrapers.sources.report_rows import report_rows, spread
from warehouse.answers.advice import with_advice

_SPARE = 3
"""Pages that may be asked for beyond those wanted, where some are no reports after all."""


class RefusedError(Exception):
    """The site does not let us in; ``outcome`` says how, the message where."""

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class FetchedReport:
    """A report page as fetched and read, to be recorded."""

    row: ListRow
    column: Column
    fetched: Fetched
    report: Report


def record_command(settings: Settings, identifier: str, *, pages: int, again: bool) -> int:
    """Record reports of each column that are not recorded yet, ``pages`` a column; with ``again`` fetch nothing and
    write anew what is expected of the pages held. Exit code 1 where nothing could be recorded.
    """
    (source,) = select_sources(load_sources(settings.sources_dir), ids=[identifier])
    file = settings.sources_dir / f"{source.id}.toml"
    folder = pages_folder(file)
    if again:
        changed = [path for path in sorted(folder.glob("*.json")) if expect_again(path, source)]
        for path in changed:
            talk.print(f'{path}: written anew; see what changed (git diff), then set "reviewed": true')
        talk.print(
            f"{len(changed)} of {len(list(folder.glob('*.json')))} golden pages are read otherwise than recorded."
        )
        return 0
    held = set(_addresses(folder))
    reports: list[FetchedReport] = []
    with web_client(settings, sources=[source]) as client:
        for column, listing in list_source(source, client):
            if listing.outcome is not Outcome.OK:
                said = f"{column.url}: {listing.outcome}: {listing.detail or ''}"
                say("problem", with_advice(said, listing.outcome))
            if listing.outcome in FATAL:
                break
            rows = [row for row in report_rows(listing.rows, column) if row.url not in held]
            try:
                reports += fetch_reports(client, source, column, rows, pages)
            except RefusedError as error:
                say("problem", with_advice(str(error), error.outcome))
                break
    for path in record_all(folder, reports):
        talk.print(f"recorded {path}")
    unreviewed = check_golden_pages(source, file).unreviewed
    talk.print(
        f"{many(len(reports), 'golden page')} recorded, {unreviewed} to review" + ("." if not unreviewed else "")
    )
    if unreviewed:
        talk.print(
            f'Compare each .json and .txt in {folder} with its page, set "reviewed": true, then '
            f"nianbao sources check {source.id}"
        )
    return 0 if reports else 1


def fetch_reports(
    client: Fetcher, source: Source, column: Column, rows: Sequence[ListRow], count: int
) -> tuple[FetchedReport, ...]:
    """``count`` of ``rows`` (newest first) that are accepted as reports, from the newest to the oldest.

    A row that is none after all is said, and one beside it taken; at most ``count`` and three requests are sent.
    Raises :class:`RefusedError` where the site does not let us in.
    """
    kept: dict[str, FetchedReport] = {}
    left = list(rows)
    for _ in range(count + _SPARE):
        row = next((each for each in spread(left, count) if each.url not in kept), None)
        if row is None:
            break
        found = _fetch_report(client, source, column, row)
        if found is None:
            left.remove(row)
        else:
            kept[row.url] = found
    return tuple(kept[row.url] for row in rows if row.url in kept)


def record_all(folder: Path, reports: Iterable[FetchedReport]) -> tuple[Path, ...]:
    """Record ``reports`` in ``folder``; returns their JSON files."""
    return tuple(record(folder, each.report, each.fetched, each.row, each.column) for each in reports)


def _fetch_report(client: Fetcher, source: Source, column: Column, row: ListRow) -> FetchedReport | None:
    request = Request(row.url, headers={"Referer": column.url})
    hosts = hosts_on(source, day_of(row.url, row.date, datetime.now(UTC)))
    fetched = client.fetch(request, hosts=hosts, pace_seconds=source.pace_seconds)
    capture = fetched.capture
    if capture.outcome in FATAL:
        raise RefusedError(capture.outcome, f"{row.url} answered {capture.outcome}: {capture.detail or ''}")
    if capture.outcome is not Outcome.OK:
        say("problem", f"{row.url} is not recorded: {capture.outcome}: {capture.detail or ''}")
        return None
    report = read_as_crawled(
        source,
        column,
        fetched.body,
        url=capture.final_url,
        content_type=capture.content_type,
        fetched_at=capture.fetched_at,
        listed_title=row.title,
        listed_date=row.date,
    )
    if report.state is not State.ACCEPTED:
        say("problem", f"{row.url} ({row.title}) is not recorded: {report.state}: {report.reason}")
        return None
    return FetchedReport(row, column, fetched, report)


def _addresses(folder: Path) -> Iterable[str]:
    for path in folder.glob("*.json"):
        try:
            yield load_page(path).url
        except GoldenPageError as error:
            say("problem", error)
