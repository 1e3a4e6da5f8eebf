"""Whether anybody answered: a run that reached no host has found out about this machine, and not about sites."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

from scrapers.errors import ForeseenError
from scrapers.fetcher import Fetcher
from scrapers.records import Fetched, KnownPage, Outcome, Request

_UNREACHED: Final = frozenset({Outcome.DNS, Outcome.CONNECTION, Outcome.TIMEOUT})
_HOSTS: Final = 3
"""Of so many hosts one answers, unless the network is down: one or two may be down by themselves."""


class NobodyAnsweredError(ForeseenError):
    """None of the hosts that a run asked could be reached."""


class ReachedHosts:
    """A fetcher that remembers which hosts were asked, and which gave an answer of any kind. Safe for threads."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._lock = threading.Lock()
        self._unreached: dict[str, Outcome] = {}
        self._reached: set[str] = set()

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        fetched = self._fetcher.fetch(request, hosts=hosts, pace_seconds=pace_seconds, known=known)
        outcome = fetched.capture.outcome
        with self._lock:
            if outcome in _UNREACHED:
                self._unreached[hosts[0]] = outcome
            elif outcome is not Outcome.NOT_ASKED:
                self._reached.add(hosts[0])
        return fetched

    def silence(self) -> NobodyAnsweredError | None:
        """What is to be said where no host answered; ``None`` where one did, or too few were asked to tell."""
        if self._reached or len(self._unreached) < _HOSTS:
            return None
        ways = ", ".join(f"{outcome} {count}" for outcome, count in Counter(self._unreached.values()).most_common())
        return NobodyAnsweredError(
            f"none of {len(self._unreached)} hosts answered ({ways}): is this machine's network down, or its proxy? "
            "What is held is as it was; nianbao problems names each host, nianbao doctor the proxy that is set."
        )
