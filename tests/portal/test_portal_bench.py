"""Networks made to measure."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import requests

from deployments.portal import Asked, Network, Portal, bench_network, bench_sources, warm

Visitor = Callable[[Portal], requests.Session]


def details(network: Network) -> list[str]:
    return [url for url in network.addresses() if not url.endswith("/") and "index." not in url]


@pytest.mark.parametrize("family", ["trs", "hanweb_jpage", "jpaas"])
def test_each_host_has_the_pages_asked_for_and_a_source_that_leads_to_them(family: str) -> None:
    network = bench_network(hosts=3, pages_per_host=7, family=family)
    sources = bench_sources(hosts=3, family=family)
    assert len(details(network)) == 21
    assert [source.hosts[0] for source in sources] == list(network.hosts)
    for source in sources:
        assert network.answer(Asked("GET", source.columns[0].url)).status == 200


def test_no_two_pages_of_a_large_column_are_alike() -> None:
    network = bench_network(hosts=1, pages_per_host=1000)
    addresses = details(network)
    assert len(set(addresses)) == 1000
    sample = addresses[::50]
    assert len({network.answer(Asked("GET", url)).body for url in sample}) == len(sample)


def test_a_warm_network_answers_with_the_pages_it_has_rendered() -> None:
    network = bench_network(hosts=2, pages_per_host=3)
    assert warm(network) == len(network.addresses())
    page = Asked("GET", details(network)[0])
    assert network.answer(page) is network.answer(page)


def test_latency_delays_every_answer_and_hosts_wait_side_by_side(visitor: Visitor) -> None:
    network = bench_network(hosts=1, pages_per_host=2, latency_ms=150)
    with Portal(network) as portal:
        started = time.monotonic()
        assert visitor(portal).get(details(network)[0], timeout=5).status_code == 200
        assert time.monotonic() - started >= 0.149


def test_a_size_nobody_can_serve_is_refused() -> None:
    with pytest.raises(ValueError, match="between 1 and 10000"):
        bench_network(pages_per_host=0)
