"""``nianbao sources``: what is in the registry, and whether it lists everything."""

from __future__ import annotations

import json
from dataclasses import asdict

from flows.commands.terminal import show_table, talk
from flows.run import web_client
from flows.settings import Settings
from scrapers.collect import list_source
from scrapers.records import Outcome
from scrapers.sources.registry import load_sources, select_sources


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
    print(json.dumps(asdict(source), ensure_ascii=False, indent=2))  # noqa: T201  # data goes to standard output
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
