"""Fixtures of the web room: a loopback site and clients that may talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scrapers.web.archive import Archive
from scrapers.web.circuit import CircuitLimits
from scrapers.web.client import Client, ClientSettings
from scrapers.web.pace import HostPace
from tests.web.loopback_site import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path / "archive", run_id="test") as archive:
        yield archive


@pytest.fixture
def slept() -> list[float]:
    """The waits between attempts, in seconds, of every client made by ``new_client``."""
    return []


@pytest.fixture
def new_client(archive: Archive, tmp_path: Path, slept: list[float]) -> Iterator[Callable[..., Client]]:
    clients = []

    def new(**settings: Any) -> Client:
        chosen = {"allow_private_addresses": True, "pace_seconds": 0.0, "read_timeout": 2.0, "connect_timeout": 2.0}
        client = Client(
            ClientSettings(user_agent="nianbao-test/1.0 (+http://127.0.0.1/)", **{**chosen, **settings}),
            archive,
            HostPace(tmp_path / "pace", limits=CircuitLimits(failures=0)),  # many a test fails on purpose
            sleep=slept.append,
        )
        clients.append(client)
        return client

    yield new
    for client in clients:
        client.close()


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    return new_client()
