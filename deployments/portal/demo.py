"""The network of the demo and the tests: every site of ``publishers.toml``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deployments.portal.network import Network
from deployments.portal.publishers import read_plans
from deployments.portal.site import build_site

SOURCES = Path(__file__).with_name("sources")
"""Registry files for the demo network, in the form of ``scrapers.sources``."""
REPORT_YEARS = range(2016, 2025)


def demo_network(years: Iterable[int] = REPORT_YEARS) -> Network:
    """All made-up publishers with their reports for ``years``; the same years give the same bytes."""
    kept = tuple(years)
    return Network(build_site(plan, kept) for plan in read_plans())
