"""The networks of made-up publishers: the demo's, and one with a publisher of every family."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deployments.portal.files.site import files_sites
from deployments.portal.network import Network
from deployments.portal.publishers import FAMILIES_FILE, read_plans
from deployments.portal.site import build_site

SOURCES = Path(__file__).with_name("sources")
"""Registry files for the demo network, in the form of ``scrapers.sources``."""
FAMILIES_SOURCES = Path(__file__).with_name("families_sources")
"""Registry files for the network of all families."""
FILES_SOURCES = Path(__file__).with_name("files_sources")
"""Registry files for the network of reports that are files."""
REPORT_YEARS = range(2017, 2026)


def demo_network(years: Iterable[int] = REPORT_YEARS) -> Network:
    """All made-up publishers with their reports for ``years``; the same years give the same bytes."""
    kept = tuple(years)
    return Network(build_site(plan, kept) for plan in read_plans())


def families_network(years: Iterable[int] = REPORT_YEARS) -> Network:
    """One publisher of every CMS family, and of every variant, that the demo network does without."""
    kept = tuple(years)
    return Network(build_site(plan, kept) for plan in read_plans(FAMILIES_FILE))


def files_network(years: Iterable[int] = REPORT_YEARS) -> Network:
    """Publishers whose reports are files, in every form and with every fault that files have."""
    return Network(files_sites(years))
