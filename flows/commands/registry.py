"""``nianbao sources``: what is in the registry, and whether it lists everything."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

from flows.commands.terminal import say, show_table, shown, talk
from flows.run import web_client
from flows.settings import Settings
from scrapers.collect import list_source
from scrapers.platforms.addresses import host_of
from scrapers.reading.decode import decode
from scrapers.records import ListRow, Outcome, ReportType, Request
from scrapers.sources.discover import discover
from scrapers.sources.probe import Probe, probe
from scrapers.sources.registry import load_sources, select_sources
from scrapers.web.client import Client


def list_command(settings: Settings, *, province: str | None) -> int:
    """A row a source."""
    show_table(
        ("source", "publisher", "level", "division", "host", "columns", "platform", "verified"),
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
            )
            for source in select_sources(load_sources(settings.sources_dir), province=province)
        ),
    )
    return 0


def show_command(settings: Settings, identifier: str) -> int:
    """One source, whole, as JSON."""
    (source,) = select_sources(load_sources(settings.sources_dir), ids=[identifier])
    sys.stdout.write(json.dumps(asdict(source), ensure_ascii=False, indent=2) + "\n")
    return 0


def check_command(settings: Settings, *, sources: list[str], province: str | None, live: bool) -> int:
    """Validate the registry; with ``live`` also list every column and reconcile it with what the site states."""
    chosen = select_sources(load_sources(settings.sources_dir), ids=sources, province=province)
    if not live:
        talk.print(f"{len(chosen)} sources are well formed. `nianbao sources check --live` also asks their sites.")
        return 0
    rows, trouble = [], False
    with web_client(settings) as client:
        for source in chosen:
            if source.column_unknown is not None:
                rows.append((source.id, "", "", "", "", "column unknown", source.column_unknown))
            for column, listing in list_source(source, client):
                newest = max((row.date for row in listing.rows if row.date is not None), default=None)
                trouble |= listing.outcome is not Outcome.OK
                rows.append(
                    (
                        source.id,
                        column.url,
                        str(len(listing.rows)),
                        str(listing.total_stated or ""),
                        str(newest or ""),
                        str(listing.outcome),
                        listing.detail or "",
                    )
                )
    show_table(("source", "column", "rows", "stated", "newest", "outcome", "detail"), rows)
    return 1 if trouble else 0


def probe_command(settings: Settings, address: str) -> int:
    """What an address leads to: family, protocol, parameters, rows; exit code 1 where no column could be listed."""
    with web_client(settings) as client:
        found = probe(address, _asking(client, (host_of(address),)))
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
            ("requests", found.requests),
        ),
    )
    if found.outcome is Outcome.OK:
        talk.print("As a registry file:\n" + column_toml(found.column_url or address, found.platform or "", (), found))
    return 0 if found.outcome is Outcome.OK else 1


def discover_command(settings: Settings, host: str, *, most_requests: int) -> int:
    """The columns of a host in which reports lie, each with what speaks for it; exit code 1 where none was found."""
    home = host if "://" in host else f"http://{host}/"
    with web_client(settings) as client:
        found = discover(home, _asking(client, (host_of(home),)), most_requests=most_requests)
    for proposal in found.proposals:
        sys.stdout.write(column_toml(proposal.url, proposal.platform, proposal.report_types, proposal.probe) + "\n")
        for sign in proposal.evidence:
            talk.print(shown(f"  {proposal.name or proposal.url}: {sign}"))
    for name, address in found.elsewhere:
        talk.print(shown(f"elsewhere: {name} {address}"))
    for trouble in found.troubles:
        say("trouble", trouble)
    rest = "" if found.complete else "; the budget ended before every lead was followed: --most-requests"
    talk.print(f"{len(found.proposals)} columns in {found.requests} requests{rest}")
    return 0 if found.proposals else 1


def column_toml(url: str, platform: str, report_types: Sequence[ReportType], found: Probe) -> str:
    """A ``[[columns]]`` entry for a registry file."""
    types = report_types or sorted({r.judgement.report_type for r in found.reports if r.judgement.report_type})
    lines = ["[[columns]]", f"url = {json.dumps(url)}", f'platform = "{platform}"']
    lines.append("report_types = [" + ", ".join(f'"{kind}"' for kind in types) + "]")
    if found.column_name:
        lines.append(f"name = {json.dumps(found.column_name, ensure_ascii=False)}")
    if found.parameters:
        lines.append(
            "parameters = { " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in found.parameters.items()) + " }"
        )
    return "\n".join(lines) + "\n"


def _asking(client: Client, hosts: tuple[str, ...]) -> Callable[[Request], tuple[Outcome, str | None, str]]:
    def ask(request: Request) -> tuple[Outcome, str | None, str]:
        fetched = client.fetch(request, hosts=hosts)
        text, _ = decode(fetched.body, content_type=fetched.capture.content_type)
        return fetched.capture.outcome, fetched.capture.detail, text

    return ask


def _row(row: ListRow | None) -> str | None:
    return None if row is None else f"{row.date or '(no date)'} {row.title} {row.url}"
