"""``nianbao sources``: what is in the registry, and whether it lists everything."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import typer

from flows.commands.sources_check import last_of_source, read_ledger
from flows.crawling.web_client import web_client
from flows.settings import Settings
from flows.terminal import many, say, show_table, shown, talk
from scrapers.addresses import host_of
from scrapers.fetcher import Fetcher
from scrapers.reading.decode import decode
from scrapers.records import Capture, Fetched, ListRow, Outcome, Request
from scrapers.sources.column_names import read_name, read_rows
from scrapers.sources.discover import discover
from scrapers.sources.new_source import column_toml
from scrapers.sources.probe import Probe, probe
from scrapers.sources.registry import load_sources, select_sources
from scrapers.web.robots import Robots


def list_command(settings: Settings, *, province: str | None) -> int:
    """A row a source, with the day its file states and the last live check."""
    ledger = read_ledger(settings)
    show_table(
        ("source", "publisher", "level", "division", "host", "columns", "platform", "verified", "checked", "outcome"),
        (
            (
                source.id,
                source.publisher,
                source.level,
                source.division_code or source.parent_division_code,
                source.hosts[0],
                len(source.columns) or "unknown",
                ", ".join(sorted({column.platform for column in source.columns})),
                source.verified,
                *last_of_source(source, ledger),
            )
            for source in select_sources(load_sources(settings.sources_dir), province=province)
        ),
    )
    return 0


def show_command(settings: Settings, identifier: str) -> int:
    """One source, whole, as JSON."""
    (source,) = select_sources(load_sources(settings.sources_dir), ids=[identifier])
    sys.stdout.write(json.dumps(asdict(source), ensure_ascii=False, indent=2, default=str) + "\n")
    return 0


def probe_command(settings: Settings, address: str) -> int:
    """What an address leads to: family, protocol, parameters, rows; exit code 1 where no column could be listed."""
    address = web_address(address)
    with web_client(settings) as client:
        found = probe(address, asking(client, (host_of(address),)))
    show_table(
        ("of the address", "what was found"),
        (
            ("outcome", f"{found.outcome}" + (f": {found.why}" if found.why else "")),
            ("family", f"{found.family or 'unknown'} ({found.how_sure})"),
            *(("sign", sign) for sign in found.evidence),
            ("column", found.column_url),
            ("name", found.column_name),
            ("platform", found.platform),
            *((f"parameter {key}", value) for key, value in found.parameters.items()),
            ("pages", found.pages),
            ("rows stated", found.total),
            ("first row", _row(found.first)),
            ("last row", _row(found.last)),
            *(
                (f"likely {report.judgement.report_type or 'report'}", _row(report.row))
                for report in found.reports[:10]
            ),
            ("site", found.site_name),
            *_manners(settings, found),
            ("requests", found.requests),
        ),
    )
    if found.outcome is Outcome.OK:
        talk.print("As a registry file:\n" + _column_toml(found))
    return 0 if found.outcome is Outcome.OK else 1


def discover_command(settings: Settings, host: str, *, most_requests: int) -> int:
    """The columns of a host in which reports lie, each with what speaks for it; exit code 1 where none was found."""
    home = home_address(host)
    with web_client(settings) as client:
        found = discover(home, asking(client, (host_of(home),)), most_requests=most_requests)
    for proposal in found.proposals:
        sys.stdout.write(
            column_toml(
                proposal.url,
                proposal.platform,
                proposal.report_types,
                name=proposal.name,
                parameters=proposal.probe.parameters,
                include=proposal.include,
            )
            + "\n"
        )
        for sign in proposal.evidence:
            talk.print(shown(f"  {proposal.name or proposal.url}: {sign}"))
    for name, address in found.elsewhere:
        talk.print(shown(f"elsewhere: {name} {address}"))
    for trouble in found.troubles:
        say("trouble", trouble)
    rest = "" if found.complete else "; the budget ended before every lead was followed: --most-requests"
    talk.print(f"{many(len(found.proposals), 'column')} in {many(found.requests, 'request')}{rest}")
    if not found.proposals:
        talk.print(
            "Where a browser shows such a column: `nianbao sources probe URL` says of its address, or that of a report "
            "in it, how it lists."
        )
    return 0 if found.proposals else 1


def web_address(text: str) -> str:
    """``text``, the address of a page, with its host as a source file has it: in lower case, without a port that goes
    without saying. What is none is bad usage, with what to type instead.
    """
    if _is_web_address(text):
        parts = urlsplit(text)
        usual = ":80" if parts.scheme == "http" else ":443"
        return urlunsplit(parts._replace(netloc=parts.netloc.lower().removesuffix(usual)))
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?(/.*)?", text):
        meant = f"http://{text}"
        other = "" if "/" in text.rstrip("/") else f" `nianbao sources discover {text}` takes a host."
        raise typer.BadParameter(f"{text!r} is no address of a page; did you mean {meant} ?{other}")
    raise typer.BadParameter(
        f"{text!r} is no address of a page; write it whole, as a browser shows it: http://HOST/PATH"
    )


def home_address(text: str) -> str:
    """The home page of a host, or the page of which the whole address is given; else bad usage."""
    home = text if "://" in text else f"http://{text}" + ("" if "/" in text else "/")
    if not _is_web_address(home):
        raise typer.BadParameter(f"{text!r} is no host; write it as in http://HOST/, or that whole address")
    return web_address(home)


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:  # half an IPv6 address, a port beyond 65535
        return False
    return parts.scheme in ("http", "https") and bool(host) and not re.search(r"[\s@]", parts.netloc)


def asking(client: Fetcher, hosts: tuple[str, ...]) -> Callable[[Request], tuple[Outcome, str | None, str]]:
    def ask(request: Request) -> tuple[Outcome, str | None, str]:
        fetched = client.fetch(request, hosts=hosts)
        text, _ = decode(fetched.body, content_type=fetched.capture.content_type)
        return fetched.capture.outcome, fetched.capture.detail, text

    return ask


def _column_toml(found: Probe) -> str:
    """What was probed as an entry of a registry file; for a whole file there is ``nianbao sources new``."""
    reading = read_rows(found.column_name, found.rows)
    return column_toml(
        found.column_url or found.url,
        found.platform or "",
        reading.report_types or read_name(found.column_name).report_types,
        name=found.column_name,
        parameters=found.parameters,
        include=reading.include,
    )


def _manners(settings: Settings, found: Probe) -> Iterator[tuple[str, str]]:
    """What robots.txt says of the column, by the rules that the probe has just fetched, and the pace."""
    url = found.column_url or found.url
    pace = f"{settings.pace_seconds:g} s between requests (setting pace_seconds)"
    if not settings.obey_robots:
        yield "robots", "not asked (setting obey_robots)"
        yield "pace", pace
        return

    def not_kept(address: str) -> Fetched:
        return Fetched(Capture("", address, address, datetime.now(UTC), Outcome.NOT_ASKED), b"")

    verdict = Robots(settings.user_agent, folder=settings.state_dir / "robots").verdict(url, not_kept)
    if verdict.allowed:
        yield "robots", "allowed"
    else:
        yield "robots", f"denied: {verdict.detail}" if verdict.detail else "no rules are known: see the outcome"
    asked = f"; robots.txt asks for {verdict.crawl_delay:g} s" if verdict.crawl_delay else ""
    yield "pace", pace + asked


def _row(row: ListRow | None) -> str | None:
    return None if row is None else f"{row.date or '(no date)'} {row.title} {row.url}"
