"""The columns of a source, each listed as far as the ledger does not know it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from scrapers.fetcher import Fetcher
from scrapers.plan import COMPLETE
from scrapers.platforms.direct import digest_of
from scrapers.platforms.listing import list_column
from scrapers.reading.decode import decode
from scrapers.records import Column, Fetched, KnownColumn, Listing, Outcome, Request, Source
from scrapers.sources.bounds import bounded
from scrapers.sources.overrides import china_day, every_host, hosts_on, layout_on


def list_source(source: Source, client: Fetcher) -> Iterator[tuple[Column, Listing]]:
    """Every column of a source, listed in full, nothing fetched beyond the lists."""
    today = china_day(datetime.now(UTC))

    def fetch(request: Request) -> Fetched:
        return client.fetch(request, hosts=hosts_on(source, today), pace_seconds=source.pace_seconds)

    for column, listing in list_columns(source, fetch, {}, today, None, Asked(source.columns)):
        if listing is not None:
            yield column, bounded(column, listing, (), today)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lists are asked for, and how far back."""

    columns: tuple[Column, ...]
    since: date | None = None
    skips: Callable[[str], bool] = lambda _: False


def list_columns(
    source: Source,
    fetch: Callable[[Request], Fetched],
    known: Mapping[str, KnownColumn],
    today: date,
    learned_since: datetime | None,
    asked: Asked,
) -> Iterator[tuple[Column, Listing | None]]:
    """Each column, listed as far as needed: whole, or its first page and what an earlier listing could not read, and
    back to ``asked.since``; ``None`` for one of which enough is known.

    A listing that ended where the years do leaves the column known in part. Where more is wanted, the next one goes
    through what is known to what is not: neither a count nor a page of known rows may end it.

    What its page stated before ``learned_since`` is asked for anew: a program may go on answering under numbers that
    the page no longer names.
    """

    def answer(request: Request) -> tuple[Outcome, str | None, str]:
        fetched = fetch(request)
        capture = fetched.capture
        charset = (layout.charset if layout is not None else None) or source.charset
        text, _ = decode(fetched.body, content_type=capture.content_type, charset=charset)
        return capture.outcome, capture.detail, text

    linked = replace(source, hosts=every_host(source))  # where rows may lead; each is judged by its own day
    for column in asked.columns:
        before = known.get(column.url)
        layout = layout_on(source, today, column.url)
        if asked.skips(column.url):
            yield column, None
            continue
        if before is None:
            yield column, list_column(linked, column, answer, layout=layout, since=asked.since)
            continue
        reaches = before.reaches(asked.since)
        listing = list_column(
            linked,
            column,
            answer,
            layout=layout,
            known=before.addresses,
            stop_when_known=reaches and before.outcome in COMPLETE,
            known_total=before.total_stated,
            since=asked.since,
            only_pages=before.unread_pages if reaches else (),
            pages_read=before.pages_read,
            learned=_learned(before, column, learned_since),
        )
        if reaches and listing.since is None and (listing.stopped_early or before.unread_pages):
            listing = replace(listing, since=before.since)  # only the beginning was read, or what was missing
        yield column, listing


def _learned(before: KnownColumn, column: Column, since: datetime | None) -> Mapping[str, str]:
    """What the column's page stated of its list, where that can still be relied on."""
    if before.parameters_at is None or since is None or before.parameters_at < since:
        return {}
    return before.parameters if before.parameters_of == digest_of(column) else {}
