"""A portal for all tests that only look, and a session that goes through one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from deployments.portal import Network, Portal, demo_network, families_network


@pytest.fixture(scope="session")
def network() -> Network:
    return demo_network()


@pytest.fixture(scope="session")
def families() -> Network:
    return families_network()


@pytest.fixture(scope="module")
def portal(network: Network) -> Iterator[Portal]:
    with Portal(network) as running:
        yield running


@pytest.fixture
def visitor() -> Iterator[Callable[[Portal], requests.Session]]:
    """Makes sessions that use a portal as their proxy."""
    opened: list[requests.Session] = []

    def visit(portal: Portal) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.proxies = {"http": portal.url, "https": portal.url}
        opened.append(session)
        return session

    yield visit
    for session in opened:
        session.close()
