"""The registry files of the loopback networks and the networks themselves say the same."""

from __future__ import annotations

import pytest

from deployments.portal import FAMILIES_SOURCES, SOURCES, Asked, Network
from deployments.portal.families import FAMILIES
from deployments.portal.publishers import FAMILIES_FILE, PublisherPlan, SitePlan, read_plans
from scrapers.addresses import canonical
from scrapers.records import Source
from scrapers.sources.registry import load_sources


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    # Reading checks keys, platforms and division codes: a wrong file fails here by file and line.
    return {source.id: source for folder in (SOURCES, FAMILIES_SOURCES) for source in load_sources(folder)}


SITES = (*read_plans(), *read_plans(FAMILIES_FILE))
PLANS = [(site, publisher) for site in SITES for publisher in site.publishers]


def test_every_publisher_has_its_file_and_no_file_is_left_over(sources: dict[str, Source]) -> None:
    assert sorted(sources) == sorted(publisher.slug for _, publisher in PLANS)


@pytest.mark.parametrize(("site", "publisher"), PLANS, ids=[publisher.slug for _, publisher in PLANS])
def test_a_file_says_what_its_publisher_is(
    site: SitePlan, publisher: PublisherPlan, sources: dict[str, Source]
) -> None:
    source = sources[publisher.slug]
    family = FAMILIES[site.family]
    assert (source.publisher, source.level, source.hosts) == (publisher.name, publisher.level, (site.host,))
    assert source.division_code == publisher.division_code
    assert source.parent_division_code == publisher.parent_division_code
    assert (source.first_year, source.verified) == (2017, "never")
    columns = [
        (column.url, column.platform, column.report_types, column.name, dict(column.parameters))
        for column in source.columns
    ]
    assert columns == [
        (
            site.root + family.column_path(site, plan),
            family.platform,
            plan.report_types,
            plan.name,
            dict(family.parameters(site, plan)),
        )
        for plan in publisher.columns
    ]


def test_every_column_address_answers_with_its_name(
    sources: dict[str, Source], network: Network, families: Network
) -> None:
    everything = network | families
    for source in sources.values():
        for column in source.columns:
            asked = canonical(column.url, column.url)  # a fragment is never sent
            assert asked is not None
            answer = everything.answer(Asked("GET", asked))
            assert answer.status == 200
            assert column.name is not None
            assert any(column.name in answer.body.decode(charset, "replace") for charset in ("utf-8", "gb18030"))


def test_the_two_networks_have_a_publisher_of_every_family(network: Network, families: Network) -> None:
    assert {site.family for site in SITES} == set(FAMILIES)
    assert {*network.hosts, *families.hosts} == {site.host for site in SITES}
