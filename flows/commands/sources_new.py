"""``nianbao sources new``: a column's address becomes a registry file with golden pages to review."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from flows.commands.sources import asking, web_address
from flows.commands.sources_check import (
    CountingFetcher,
    checked,
    ledger_path,
    read_ledger,
    show_checks,
    troubles_of,
)
from flows.commands.sources_record import RefusedError, fetch_reports, record_all
from flows.crawling.web_client import web_client
from flows.settings import Settings
from flows.terminal import many, say, shown, talk
from scrapers.addresses import host_of
from scrapers.column_lists import list_source
from scrapers.platforms.trouble import FATAL
from scrapers.records import Column, Level, Listing, Outcome, Source
from scrapers.sources.column_names import read_name, read_rows
from scrapers.sources.golden_pages import check_golden_pages, pages_folder
from scrapers.sources.new_source import (
    checked_id,
    identify,
    propose_id,
    refuse_another_author,
    refuse_known,
    refuse_known_publisher,
    source_toml,
    write_source,
)
from scrapers.sources.overrides import china_day
from scrapers.sources.probe import probe
from scrapers.sources.registry import load_sources
from scrapers.sources.report_rows import report_rows
from warehouse.answers.advice import advice
from warehouse.ledgers.source_checks import CheckLedger, append_checks


def new_command(
    settings: Settings,
    address: str,
    *,
    identifier: str | None,
    publisher: str | None,
    level: Level | None,
    division: str | None,
    pages: int,
) -> int:
    """Probe, list, fetch a few reports, then write; exit code 1 where the site gave no column or the check found
    trouble. Nothing is written before all is known.
    """
    url = web_address(address)
    directory = settings.sources_dir
    has_sources = any(directory.rglob("*/*.toml"))
    registry = load_sources(directory) if has_sources else ()
    refuse_known(registry, identifier=identifier and checked_id(identifier), column_url=url, directory=directory)
    with web_client(settings) as web:
        client = CountingFetcher(web)
        found = probe(url, asking(client, (host_of(url),)))
        if found.outcome is not Outcome.OK or found.column_url is None or found.platform is None:
            return _nothing_written(found.outcome, found.why or f"{url}: {found.outcome}")
        refuse_known(registry, identifier=None, column_url=found.column_url, directory=directory)
        identity = identify(found, publisher=publisher, level=level, division=division)
        refuse_known_publisher(registry, identity)
        host = urlsplit(found.column_url).netloc
        source_id = identifier or propose_id(identity, host, registry)
        refuse_known(registry, identifier=source_id, column_url=found.column_url, directory=directory)
        talk.print(shown(f"{found.column_url}: {found.family or 'no known family'}, listed by {found.platform}"))
        source = Source(
            source_id,
            identity.publisher,
            identity.level,
            (host,),
            (Column(found.column_url, found.platform, (), found.column_name, found.parameters),),
            identity.division_code,
            identity.parent_division_code,
        )
        began, probed = time.monotonic(), client.requests
        ((column, listing),) = list_source(source, client)
        took, sent = time.monotonic() - began, client.requests - probed
        if listing.outcome in FATAL:
            return _nothing_written(listing.outcome, f"{column.url}: {listing.outcome}: {listing.detail or ''}")
        settled = _settled(column, listing)
        if isinstance(settled, str):
            return _nothing_written(listing.outcome, settled)
        column = settled
        source = replace(source, columns=(column,))
        check = checked(source, column, listing, sent, took)
        try:
            reports = fetch_reports(client, source, column, report_rows(listing.rows, column), pages)
        except RefusedError as error:
            return _nothing_written(error.outcome, str(error))
    if publisher is None and reports:
        refuse_another_author(identity, reports[0].report.draft, reports[0].report.report_year)
    today = china_day(datetime.now(UTC)).isoformat()
    evidence = (f"nianbao sources new {url} on {today}: {listing.detail or listing.outcome}.", *found.evidence)
    verified = today if listing.outcome is Outcome.OK and reports else "never"
    text = source_toml(identity, column, evidence=evidence, verified=verified)
    if not has_sources:
        talk.print(f"{directory} holds no source yet: this is its first.")
    source = write_source(directory, source_id, text, lambda folder: record_all(folder, reports))
    before = read_ledger(settings)
    append_checks(ledger_path(settings), [check])
    file = directory / f"{source_id}.toml"
    show_checks([source], CheckLedger((*before.checks, check)), {source_id: check_golden_pages(source, file)})
    troubles = list(troubles_of(check, before))
    for trouble in troubles:
        say("trouble", trouble)
    _say_next(source, file, len(reports))
    return 1 if troubles or not reports else 0


def _settled(column: Column, listing: Listing) -> Column | str:
    """The column with the reports it holds by its rows, or why it is none to be written down."""
    if not listing.rows:
        return f"{column.url}: {listing.outcome}: {listing.detail or 'lists nothing'}"
    reading = read_rows(column.name, listing.rows)
    types = reading.report_types or read_name(column.name).report_types
    settled = replace(column, report_types=types, include=reading.include)
    if not types or not report_rows(listing.rows, settled):
        titles = "; ".join(row.title for row in listing.rows[:3])
        return f"{column.url}: none of its {len(listing.rows)} rows names a report ({titles} ...)"
    return settled


def _nothing_written(outcome: Outcome, why: str) -> int:
    say("error", f"{why}. Nothing was written.")
    what = advice().get(outcome)
    if what is None:
        what = "`nianbao sources discover HOST` looks for the columns in which reports lie."
    talk.print(f"    {what}")
    return 1


def _say_next(source: Source, file: Path, recorded: int) -> None:
    talk.print(
        f"Wrote {file}" + (f" and {many(recorded, 'golden page')} in {pages_folder(file)}." if recorded else ".")
    )
    steps = [f"Read {file}: is it the right publisher, place and column?"]
    if recorded:
        steps.append(
            f"Compare each .json and .txt in {pages_folder(file)} with its page in a browser;\n"
            "     where a value is wrong, write the right one (the check fails until the reading is mended);\n"
            '     then set "reviewed": true.'
        )
    else:
        steps.append(
            f"No report could be recorded; see above why. Once that is mended: nianbao sources record {source.id}"
        )
    if source.verified == "never":
        steps.append(
            f"nianbao sources check --live {source.id}; when it finds nothing missing and the golden pages match,\n"
            f"     write its day as verified in {file}"
        )
    else:
        steps.append(f"nianbao sources check {source.id}")
    steps.append(f"nianbao crawl --source {source.id} && nianbao coverage --source {source.id}")
    talk.print("Next:\n" + "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, 1)))
