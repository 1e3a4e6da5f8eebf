"""The registry files of the loopback network and the network itself say the same."""

from __future__ import annotations

import pytest

from deployments.portal import SOURCES, Asked, Network
from deployments.portal.families import FAMILIES
from deployments.portal.publishers import PublisherPlan, SitePlan, read_plans
from scrapers.records import Source
from scrapers.sources.registry import load_sources


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    # Reading checks keys, platforms and division codes: a wrong file fails here by file and line.
    return {source.id: source for source in load_sources(SOURCES)}


PLANS = [(site, publisher) for site in read_plans() for publisher in site.publishers]


def test_every_publisher_has_its_file_and_no_file_is_left_over(sources: dict[str, Source]) -> None:
    assert sorted(sources) == sorted(publisher.slug for _, publisher in PLANS)


@pytest.mark.parametrize(("site", "publisher"), PLANS, ids=[publisher.slug for _, publisher in PLANS])
def test_a_file_says_what_its_publisher_is(
    site: SitePlan, publisher: PublisherPlan, sources: dict[str, Source]
) -> None:
    source = sources[publisher.slug]
    assert (source.publisher, source.level, source.hosts) == (publisher.name, publisher.level, (site.host,))
    assert source.division_code == publisher.division_code
    assert source.parent_division_code == publisher.parent_division_code
    assert (source.first_year, source.verified) == (2016, "never")
    columns = [(column.url, column.platform, column.report_types, column.name) for column in source.columns]
    assert columns == [
        (site.root + FAMILIES[site.family].column_path(site, plan), site.family, plan.report_types, plan.name)
        for plan in publisher.columns
    ]


def test_every_column_address_answers_with_its_name(sources: dict[str, Source], network: Network) -> None:
    for source in sources.values():
        for column in source.columns:
            answer = network.answer(Asked("GET", column.url))
            assert answer.status == 200
            assert column.name is not None
            assert any(column.name in answer.body.decode(charset, "replace") for charset in ("utf-8", "gb18030"))
