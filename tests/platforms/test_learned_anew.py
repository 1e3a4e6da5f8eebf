"""How long what a column's page stated of its list is relied on, and under which entry of the registry."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scrapers.collect import Tally, collect
from scrapers.plan import Plan
from scrapers.platforms.listing import list_column
from scrapers.records import Capture, Fetched, KnownColumn, KnownPage, Outcome, Request
from tests.platforms.columns_in_memory import ColumnInMemory, JpaasColumn, articles

NOW = datetime(2026, 7, 1, 3, tzinfo=UTC)


class Client:
    """Hands requests to a column in memory."""

    def __init__(self, site: ColumnInMemory) -> None:
        self._site = site

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        outcome, detail, text = self._site.fetch(request)
        body = text.encode()
        capture = Capture(uuid.uuid4().urn, request.url, request.url, NOW, outcome, detail, 200, length=len(body))
        return Fetched(capture, body)


@pytest.fixture
def site() -> JpaasColumn:
    return JpaasColumn(articles(120))


@pytest.fixture
def known(site: JpaasColumn) -> KnownColumn:
    """As the ledger gives it after a complete listing three days ago."""
    listing = list_column(site.source, site.column, site.fetch)
    site.asked.clear()
    return KnownColumn(
        site.column.url,
        Outcome.OK,
        (),
        frozenset(row.url for row in listing.rows),
        pages_read=listing.pages_read,
        total_stated=listing.total_stated,
        parameters=listing.parameters,
        parameters_of=listing.parameters_of,
        parameters_at=NOW - timedelta(days=3),
    )


def pages_asked(
    site: JpaasColumn, known: KnownColumn, *, name: str | None = None, plan: Plan | None = None
) -> list[str]:
    """What one more crawl asks for: ``page`` for the column's page, ``list`` for its program."""
    column = replace(site.column, exclude=(".",), name=name or site.column.name)
    source = replace(site.source, columns=(column,))
    (batch,) = collect(
        source,
        plan=plan or Plan("run 2"),
        client=Client(site),
        known={},
        columns={column.url: known},
        tally=Tally(source.id, source.publisher),
        clock=lambda: NOW,
    )
    assert batch.listings[0].listing.outcome is Outcome.OK
    return ["list" if "/build/unit" in request.url else "page" for request in site.asked]


def test_for_thirty_days_the_list_is_asked_without_its_page(site: JpaasColumn, known: KnownColumn) -> None:
    assert pages_asked(site, known) == ["list"]


def test_after_that_the_page_is_asked_again(site: JpaasColumn, known: KnownColumn) -> None:
    """A program may go on answering under numbers that the page no longer names."""
    assert pages_asked(site, replace(known, parameters_at=NOW - timedelta(days=31))) == ["page", "list"]


def test_a_shorter_time_between_looks_is_kept(site: JpaasColumn, known: KnownColumn) -> None:
    assert pages_asked(site, known, plan=Plan("run 2", recheck_after=timedelta(days=2))) == ["page", "list"]


def test_an_entry_that_was_changed_is_read_from_the_page(site: JpaasColumn, known: KnownColumn) -> None:
    assert pages_asked(site, known, name="法治政府建设情况报告") == ["page", "list"]


def test_a_full_listing_begins_at_the_page(site: JpaasColumn, known: KnownColumn) -> None:
    assert pages_asked(site, known, plan=Plan("run 2", relist=True)) == ["page", "list", "list", "list"]
