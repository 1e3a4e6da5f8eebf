"""What a source file says of a page or row, looked up: its layout, its hosts, whether it is read at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from scrapers.reading.dates import CHINA, path_date
from scrapers.records import Column, ExtraHost, Layout, Source


def day_of(url: str, listed: date | None, fetched_at: datetime) -> date:
    """The day by which a report's page is looked up: that of its row, else of its address, else of its fetch."""
    stated = path_date(url) if listed is None else None
    return listed or (date.fromisoformat(stated) if stated else china_day(fetched_at))


def china_day(instant: datetime) -> date:
    """The calendar day in China."""
    return instant.astimezone(CHINA).date()


def layout_on(source: Source, day: date, column_url: str | None) -> Layout | None:
    """The layout of the source's pages of that day and column; ``None`` where the usual rules hold."""
    for layout in source.layouts:
        if _holds(layout, day) and (not layout.columns or column_url in layout.columns):
            return layout
    return None


def hosts_on(source: Source, day: date) -> tuple[str, ...]:
    """The hosts whose pages of that day are the publisher's."""
    if not source.extra_hosts:
        return source.hosts
    return (*source.hosts, *dict.fromkeys(extra.host for extra in source.extra_hosts if _holds(extra, day)))


def every_host(source: Source) -> tuple[str, ...]:
    """The hosts whose pages are the publisher's at any time."""
    return (*source.hosts, *dict.fromkeys(extra.host for extra in source.extra_hosts))


def why_ignored(ignored: Mapping[str, str], url: str) -> str | None:
    """The reason for which an address is not fetched; ``None`` where it may be."""
    if not ignored:
        return None
    reason = ignored.get(url)
    if reason is not None:
        return reason
    return next((why for key, why in ignored.items() if key.endswith("*") and url.startswith(key[:-1])), None)


def admits(column: Column, title: str) -> bool:
    """Whether a row of that title is among those for which the column is read."""
    if column.include and not any(re.search(pattern, title) for pattern in column.include):
        return False
    return not any(re.search(pattern, title) for pattern in column.exclude)


def _holds(period: Layout | ExtraHost, day: date) -> bool:
    return (period.since is None or period.since <= day) and (period.until is None or day <= period.until)
