"""What a crawl costs a site that has nothing new, little new, or failed the last time: told by the portal's access log.

One site of every family, each with one column of a thousand rows, through the whole way: client, warehouse, ledger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deployments.portal import Portal, long_column_network, long_column_source
from deployments.portal.families import FAMILIES
from deployments.portal.network import Network
from deployments.portal.site import GeneratedSite
from flows.crawling.crawl_run import crawl_plainly
from flows.settings import Settings
from scrapers.records import Source
from warehouse.query import run_sql

ROWS = 1000
FEWER = 330
"""Enough for a page in the middle where a family gives a hundred a page."""
HOSTS = {family: long_column_source(family, number).hosts[0] for number, family in enumerate(FAMILIES, 1)}
CHAINED = {"hanweb_jpage_encrypted", "page_nav_list", "base64_pages", "next_links"}
"""Lists of which each page names the next only: what lies behind a lost one is unknown."""
IN_ONE = "hanweb_jpage_in_page"
"""Its columns are one page, whatever their length."""
IN_PARTS = [family for family in FAMILIES if family != IN_ONE]


class Asked(NamedTuple):
    """A request and how it was answered."""

    request: tuple[str, str, bytes]
    status: int


class Crawls:
    """A warehouse of its own, filled by crawl after crawl of a portal that has one site of each family."""

    def __init__(self, portal: Portal, folder: Path) -> None:
        self.portal = portal
        self._settings = Settings(data_dir=folder, proxy=portal.url, pace_seconds=0, max_attempts=1, workers=8)
        self._sources = [without_details(long_column_source(family, at)) for at, family in enumerate(FAMILIES, 1)]

    def crawl(self) -> dict[str, list[Asked]]:
        """One more run; what each family's host was asked for, robots.txt aside."""
        self.portal.log.clear()
        crawl_plainly(self._settings, self._sources, self._sources)
        asked: dict[str, list[Asked]] = {family: [] for family in FAMILIES}
        for family, host in HOSTS.items():
            asked[family] = [
                Asked((line.method, line.url, line.body), line.status)
                for line in self.portal.log
                if f"//{host}/" in line.url and not line.url.endswith("/robots.txt")
            ]
        return asked

    def robots(self) -> int:
        return sum(line.url.endswith("/robots.txt") for line in self.portal.log)

    def held(self) -> dict[str, tuple[int, str, str]]:
        """Rows held of each family's column, outcome and detail of its last listing."""
        query = """
            SELECT l.source_id, (SELECT count(DISTINCT url) FROM raw_candidates c WHERE c.source_id = l.source_id),
                arg_max(outcome, listed_at), arg_max(detail, listed_at)
            FROM raw_listings l GROUP BY l.source_id"""
        rows = {source: (count, outcome, detail) for source, count, outcome, detail in self._query(query)}
        return {family: rows[f"bench/site{number}"] for number, family in enumerate(FAMILIES, 1)}

    def holds(self, address: str) -> bool:
        quoted = address.replace("'", "''")
        return bool(self._query(f"SELECT url FROM raw_candidates WHERE url = '{quoted}'"))

    def _query(self, query: str) -> tuple[tuple[Any, ...], ...]:
        return run_sql(self._settings.reader_path, query).rows

    def publish(self) -> list[str]:
        """A new row at the head of every column; their addresses."""
        sites = [site for site in self.portal.network.sites if isinstance(site, GeneratedSite)]
        return [site.plan.root + row.href for site in sites for row in site.publish()]


def without_details(source: Source) -> Source:
    """The source with no title worth fetching: here only lists are asked for."""
    return replace(source, columns=tuple(replace(column, exclude=(".",)) for column in source.columns))


pytestmark = pytest.mark.slow


@pytest.fixture
def rows() -> int:
    return ROWS


@pytest.fixture
def crawls(tmp_path: Path, rows: int) -> Iterator[Crawls]:
    sites = [long_column_network(family, rows, number).sites[0] for number, family in enumerate(FAMILIES, 1)]
    with Portal(Network(sites)) as portal:
        yield Crawls(portal, tmp_path)


def test_a_column_with_nothing_new_costs_one_request_and_a_new_row_not_many_more(crawls: Crawls) -> None:
    first = crawls.crawl()
    assert {family: held[:2] for family, held in crawls.held().items()} == dict.fromkeys(FAMILIES, (ROWS, "ok"))
    assert crawls.robots() == len(FAMILIES)
    assert all(len(first[family]) > 9 for family in IN_PARTS if family != "datasource"), "the columns are long"

    for _ in range(2):
        again = crawls.crawl()
        assert {family: len(asked) for family, asked in again.items()} == dict.fromkeys(FAMILIES, 1)
        assert crawls.robots() == 0, "robots.txt is kept for a day"
        assert {family: held[:2] for family, held in crawls.held().items()} == dict.fromkeys(FAMILIES, (ROWS, "ok"))

    crawls.portal.inject("status_500_then_ok")
    assert {family: len(asked) for family, asked in crawls.crawl().items() if len(asked) > 2} == {}
    crawls.portal.heal()
    again = crawls.crawl()
    assert {family: len(asked) for family, asked in again.items()} == dict.fromkeys(FAMILIES, 1), "a day it was down"

    new = crawls.publish()
    after = crawls.crawl()
    assert len(new) == len(FAMILIES)
    assert all(crawls.holds(address) for address in new)
    few = {family: len(asked) for family, asked in after.items()}
    # Without a count the page behind the first is read; a data block may have grown while it was.
    assert {family: count for family, count in few.items() if count > 2} == {"datasource": 3}
    assert {family: held[:2] for family, held in crawls.held().items()} == dict.fromkeys(FAMILIES, (ROWS + 1, "ok"))
    assert {family: len(asked) for family, asked in crawls.crawl().items()} == dict.fromkeys(FAMILIES, 1)


@pytest.mark.parametrize(("fault", "rows"), [("second_page_fails", ROWS), ("stub_in_the_middle", FEWER)])
def test_the_crawl_after_a_partial_one_asks_for_the_lost_pages_and_the_first_alone(
    crawls: Crawls, fault: str, rows: int
) -> None:
    crawls.portal.inject(fault)
    before = crawls.crawl()
    lossy = [family for family in IN_PARTS if fault == "second_page_fails" or family != "datasource"]
    partial = crawls.held()
    assert all(partial[family][0] < rows and partial[family][1] != "ok" for family in lossy), partial
    assert all("page" in partial[family][2] for family in lossy), "the page is named"

    crawls.portal.heal()
    after = crawls.crawl()
    assert {family: held[:2] for family, held in crawls.held().items()} == dict.fromkeys(FAMILIES, (rows, "ok"))
    stub = fault == "stub_in_the_middle"
    for family in lossy:
        if stub and family in CHAINED:
            continue  # the first page does not name the lost one
        first, *others = [asked.request for asked in after[family]]
        read = {asked.request for asked in before[family] if asked.status == 200}
        assert first in read, family
        relisted = [request for request in others if request in read]
        assert len(relisted) == stub, (family, relisted)
        assert len(others) == len(set(others)), (family, others)
    told = [detail for _, _, detail in crawls.held().values() if re.search(r"listed \d+ of \d+", detail)]
    assert len(told) > 9
    assert all(f"listed {rows} of {rows}" in detail for detail in told), told
    assert {family: len(asked) for family, asked in crawls.crawl().items()} == dict.fromkeys(FAMILIES, 1)


@pytest.mark.parametrize("rows", [FEWER])
def test_what_is_published_while_a_list_is_read_is_held_and_costs_nothing_later(crawls: Crawls, rows: int) -> None:
    crawls.portal.inject("row_published_meanwhile")
    crawls.crawl()
    held = {family: held[:2] for family, held in crawls.held().items()}
    assert held == dict.fromkeys(IN_PARTS, (rows + 1, "ok")) | {IN_ONE: (rows, "ok")}
    crawls.portal.heal()
    assert {family: len(asked) for family, asked in crawls.crawl().items()} == dict.fromkeys(FAMILIES, 1)


@pytest.mark.parametrize("rows", [FEWER])
def test_a_second_page_that_fails_once_is_nothing_to_resume(crawls: Crawls, rows: int) -> None:
    crawls.portal.inject("second_page_fails_once")
    asked = crawls.crawl()
    failures = {family: [one.status for one in lines].count(500) for family, lines in asked.items()}
    assert failures == dict.fromkeys(IN_PARTS, 1) | {IN_ONE: 0}
    assert {family: held[:2] for family, held in crawls.held().items()} == dict.fromkeys(FAMILIES, (rows, "ok"))
    crawls.portal.heal()
    assert {family: len(lines) for family, lines in crawls.crawl().items()} == dict.fromkeys(FAMILIES, 1)
