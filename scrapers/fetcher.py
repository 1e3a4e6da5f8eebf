"""What collecting needs of the web, whoever gives it: a client, an archive, a test."""

from __future__ import annotations

from typing import Protocol

from scrapers.records import Fetched, KnownPage, Request


class Fetcher(Protocol):
    """What collecting needs of the web: ``scrapers.web.client.Client`` is one."""

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched: ...
