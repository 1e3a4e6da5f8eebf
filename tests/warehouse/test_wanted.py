"""What a backfill wants: years that may have been reported, each with what the ledger says of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import Batch, Column, Level, ReportType, Source
from tests.warehouse.sample_batches import COLUMN, SOURCE, capture, listing, report
from warehouse.database import writing
from warehouse.ledgers.crawl_ledger import record_sources
from warehouse.ledgers.wanted import wanted_years

COUNTY = Source(
    id=SOURCE,
    publisher="浦江县人民政府",
    level=Level.COUNTY,
    hosts=("www.pujiang.test",),
    columns=(Column(COLUMN, "hanweb_jpage", (ReportType.RULE_OF_LAW,)),),
    division_code="330726",
    first_year=2025,
)
Wanted = Callable[[date], dict[int, str]]


@pytest.fixture
def wanted(warehouse: Path, load: Callable[..., Any]) -> Wanted:
    """Report year -> state, of a county that has published its reports of 2025 and, early, of 2026."""
    fetched = [capture(0), capture(1)]
    early = report(1, read_from=fetched[1], year=2026, published_date=date(2026, 12, 20))
    reports = (report(0, read_from=fetched[0], year=2025), early)
    load(Batch("run-1", SOURCE, 0, captures=tuple(fetched), reports=reports, listings=(listing(),)))
    with writing(warehouse, "registry") as connection:
        record_sources(connection, [COUNTY])

    def wanted(day: date) -> dict[int, str]:
        found = wanted_years(warehouse, [SOURCE], range(2024, 2029), day=day)
        return {one.year: one.state for one in found}

    return wanted


@pytest.mark.parametrize("day", [date(2026, 12, 20), date(2026, 12, 31), date(2027, 1, 1), date(2027, 6, 1)])
def test_a_report_that_came_in_the_december_of_its_year_is_held_from_then_on(wanted: Wanted, day: date) -> None:
    assert wanted(day) == {2025: "held", 2026: "held"}


def test_a_year_is_wanted_from_its_december_on(wanted: Wanted) -> None:
    assert set(wanted(date(2027, 11, 30))) == {2025, 2026}
    assert wanted(date(2027, 12, 1)) == {2025: "held", 2026: "held", 2027: "not_yet_due"}
    assert set(wanted(date(2028, 2, 29))) == {2025, 2026, 2027}
