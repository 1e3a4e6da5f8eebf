"""A column of a thousand rows of every family, listed by the crawler's own platforms, sound and with every trap set."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urljoin

import pytest

from deployments.portal import (
    FAMILIES_SOURCES,
    SOURCES,
    Asked,
    Portal,
    demo_network,
    families_network,
    long_column_network,
    long_column_source,
)
from deployments.portal.families import FAMILIES
from deployments.portal.families.family import FilledColumn, Row
from deployments.portal.site import GeneratedSite
from scrapers import platforms
from scrapers.platforms.listing import list_column
from scrapers.records import Listing, Outcome, Request, Source
from scrapers.sources.registry import load_sources

ROWS = 1000
TRAPPED = {"gkmlpt": 300, "jpaas": 250}
"""Rows of columns with a trap where families give a hundred or fifty a page; elsewhere 150 are eight pages and more."""
OUTCOMES = {200: Outcome.OK, 404: Outcome.GONE, 500: Outcome.SERVER_ERROR}

IN_ONE = "hanweb_jpage_in_page"
"""Its columns are one page, whatever their length: nothing can happen between its pages."""

every_family = pytest.mark.parametrize("family", FAMILIES)
every_family_of_parts = pytest.mark.parametrize("family", [name for name in FAMILIES if name != IN_ONE])
every_family_of_pages = pytest.mark.parametrize("family", [f for f in FAMILIES if f not in (IN_ONE, "datasource")])
"""A data block is one file: it has no middle, and what fails is all of it."""


def open_ended(family: str) -> bool:
    return platforms.platform(FAMILIES[family].platform).open_ended


def reader(portal: Portal) -> Callable[[Request], tuple[Outcome, str | None, str]]:
    """Asks a portal in memory, as the client would over its port."""

    def fetch(request: Request) -> tuple[Outcome, str | None, str]:
        headers = {"user-agent": "nianbao-test"} | {name.lower(): value for name, value in request.headers.items()}
        body = b""
        if request.form is not None:
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode(request.form).encode()
        answer = portal.answer(Asked(request.method, request.url, headers, body))
        # The client takes no blank body for an answer, and hands no body of a failure on.
        outcome = OUTCOMES[answer.status] if answer.body.strip() else Outcome.WRONG_CONTENT
        return outcome, None, decoded(answer.body) if outcome is Outcome.OK else ""

    return fetch


def decoded(body: bytes) -> str:
    """Pages that declare gb2312 hold gb18030, all others UTF-8."""
    return body.decode("gb18030" if b"charset=gb2312" in body else "utf-8")


def trapped(family: str, fault: str) -> tuple[Portal, Source]:
    portal = Portal(long_column_network(family, TRAPPED.get(family, 150)))
    portal.inject(fault)
    return portal, long_column_source(family)


def listed(portal: Portal, source: Source) -> Listing:
    return list_column(source, source.columns[0], reader(portal))


def test_every_column_of_both_networks_is_listed_whole_from_its_registry_file() -> None:
    portal = Portal(demo_network() | families_network())
    columns = {
        site.plan.root + site.family.column_path(site.plan, column.plan): column
        for site in portal.network.sites
        if isinstance(site, GeneratedSite)
        for column in site.columns
    }
    pinned = off_host = 0
    for source in (*load_sources(SOURCES), *load_sources(FAMILIES_SOURCES)):
        for column in source.columns:
            filled = columns.pop(column.url)
            listing = list_column(source, column, reader(portal))
            assert listing.outcome is Outcome.OK, (column.url, listing.detail)
            assert sorted((row.url, row.title, row.date, row.off_host) for row in listing.rows) == sorted(
                (urljoin(column.url, row.href), row.title, row.date, row.document is None) for row in filled.rows
            ), column.url
            assert [row.pinned for row in listing.rows if row.pinned] == [True] * filled.plan.pinned, column.url
            pinned += filled.plan.pinned
            off_host += sum(row.off_host for row in listing.rows)
    assert not columns
    assert pinned >= 2
    assert off_host >= 3


def column_of(portal: Portal) -> FilledColumn:
    site = portal.network.sites[0]
    assert isinstance(site, GeneratedSite)
    return site.columns[0]


def addresses(rows: tuple[Row, ...], source: Source) -> list[str]:
    return [urljoin(source.columns[0].url, row.href) for row in rows]


@every_family
def test_a_column_of_a_thousand_rows_is_listed_whole(family: str) -> None:
    portal, source = Portal(long_column_network(family, ROWS)), long_column_source(family)
    listing = listed(portal, source)
    rows = column_of(portal).rows
    assert listing.outcome is Outcome.OK, listing.detail
    assert sorted((row.url, row.title, row.date) for row in listing.rows) == sorted(
        (url, row.title, row.date) for url, row in zip(addresses(rows, source), rows, strict=True)
    )
    if listing.total_stated is not None:
        assert listing.total_stated == ROWS


@every_family_of_parts
def test_a_row_published_while_the_list_is_read_is_neither_lost_nor_doubles_another(family: str) -> None:
    portal, source = trapped(family, "row_published_meanwhile")
    listing = listed(portal, source)
    rows = column_of(portal).rows
    assert len(rows) == TRAPPED.get(family, 150) + 1, "the trap did not go off"
    urls = [row.url for row in listing.rows]
    assert len(urls) == len(set(urls))
    assert set(urls) == set(addresses(rows, source))
    assert listing.outcome is Outcome.OK, listing.detail


@every_family_of_pages
def test_a_stub_in_the_middle_is_a_gap_that_is_named(family: str) -> None:
    portal, source = trapped(family, "stub_in_the_middle")
    listing = listed(portal, source)
    assert 0 < len(listing.rows) < len(column_of(portal).rows)
    assert listing.outcome is Outcome.LISTING_GAP, listing.detail
    assert listing.detail is not None
    assert "page" in listing.detail
    assert "listed nothing" in listing.detail


@pytest.mark.parametrize("family", [name for name in FAMILIES if open_ended(name) and name != "datasource"])
def test_a_stub_does_not_end_a_list_without_a_count_though_rows_have_moved(family: str) -> None:
    portal, source = trapped(family, "row_published_meanwhile")
    portal.inject("stub_in_the_middle")
    listing = listed(portal, source)
    assert len(column_of(portal).rows) - len(listing.rows) in range(1, 21), "no more is lost than the stub held"
    assert listing.outcome is Outcome.LISTING_GAP, listing.detail


@every_family_of_parts
def test_a_second_page_that_fails_once_is_asked_for_again_and_nothing_is_missing(family: str) -> None:
    portal, source = trapped(family, "second_page_fails_once")
    listing = listed(portal, source)
    assert 500 in {line.status for line in portal.log}, "the trap did not go off"
    assert listing.outcome is Outcome.OK, listing.detail
    assert {row.url for row in listing.rows} == set(addresses(column_of(portal).rows, source))


@every_family_of_parts
def test_a_second_page_that_fails_for_good_leaves_what_was_listed_and_is_named(family: str) -> None:
    portal, source = trapped(family, "second_page_fails")
    listing = listed(portal, source)
    assert 0 < len(listing.rows) < len(column_of(portal).rows)
    assert listing.outcome is Outcome.SERVER_ERROR, listing.detail
    assert listing.detail is not None
    assert "server_error" in listing.detail


@every_family_of_parts
def test_answers_without_a_row_are_never_a_complete_column(family: str) -> None:
    portal, source = trapped(family, "empty_list")
    listing = listed(portal, source)
    assert len(listing.rows) < len(column_of(portal).rows)
    assert listing.outcome in (Outcome.LISTING_GAP, Outcome.EMPTY_LIST), listing.detail


def test_every_platform_has_a_family_that_speaks_it() -> None:
    assert {family.platform for family in FAMILIES.values()} == set(platforms.names())
