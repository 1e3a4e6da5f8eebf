"""One pace for a host over machines that share no folder: a lease on the host, kept by a Prefect server they all reach.

Whoever holds the lease of a host is the only one to ask it, and keeps the pace by its own folder
(:class:`~scrapers.web.pace.HostPace`). A lease is a slot of the global concurrency limit ``nianbao host <name>`` (limit
1, made when first needed; ``prefect gcl ls`` shows them). After getting one, a whole pace is waited, since the former
holder may have asked a moment ago. A lease is renewed as requests go on and ends by itself :data:`LEASE` seconds after
its holder died. Where the server cannot be reached, the host is not asked.

What does not travel between the machines, unlike by a shared folder: slow-downs, open circuits, rests that a host
asked for, and copies of robots.txt. Each machine finds them out for itself.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from scrapers.web.pace import HostPace, NotAskedError, Turn

LEASE = 300.0
"""Seconds that a lease lasts without being renewed; more than the longest request may take."""
RENEW_AFTER = 60.0
"""Seconds after which a lease is renewed before the next request."""
WAIT = 30.0
"""Seconds that a host is waited for while another machine crawls it."""
REMEMBERED = 60.0
"""Seconds for which a refused lease is not asked for again."""


class LeaseError(Exception):
    """The keeper of the leases cannot be asked; the message says why."""


class Leases(Protocol):
    """Who keeps the leases. Every method raises :class:`LeaseError` where the keeper cannot be asked."""

    def acquire(self, host: str, seconds: float) -> UUID | None:
        """A lease on ``host``, or ``None`` while somebody else holds it."""

    def renew(self, lease: UUID, seconds: float) -> bool:
        """Prolong it; ``False``: it has ended already."""

    def release(self, lease: UUID) -> None: ...


class PrefectLeases:
    """Slots of global concurrency limits, by the API of ``PREFECT_API_URL``. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: Any = None
        self._made: set[str] = set()

    def acquire(self, host: str, seconds: float) -> UUID | None:
        name = f"nianbao host {host}"
        if name not in self._made:
            self._make(name)
        answer = self._granted(
            lambda client: client.increment_concurrency_slots_with_lease([name], 1, "concurrency", seconds)
        )
        if answer is None:
            return None
        if not answer["limits"]:  # somebody deleted the limit, and Prefect grants what it does not know
            self._made.discard(name)
            raise LeaseError(f"the global concurrency limit {name!r} is gone; the next try makes it again")
        return UUID(answer["lease_id"])

    def renew(self, lease: UUID, seconds: float) -> bool:
        return self._granted(lambda client: client.renew_concurrency_lease(lease, seconds)) is not None

    def release(self, lease: UUID) -> None:
        self._granted(lambda client: client.release_concurrency_slots_with_lease(lease))

    def _make(self, name: str) -> None:
        if self._granted(lambda client: client.upsert_global_concurrency_limit_by_name(name, 1)) is not None:
            self._made.add(name)

    def _granted(self, ask: Callable[[Any], Any]) -> dict[str, Any] | None:
        """The answer, or ``None`` where the server declines: a slot that is taken (423), a lease that is gone."""
        import httpx  # Prefect's own client library
        from prefect.client.orchestration import get_client  # Prefect reads its settings when it is imported
        from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound
        from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

        try:
            with self._lock:
                if self._client is None:
                    self._client = get_client(sync_client=True).__enter__()
            # By itself the client tries for 70 s, while a host's turn is held.
            with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 1}):
                answer = ask(self._client)
        except (ObjectNotFound, ObjectAlreadyExists):
            return None
        except httpx.HTTPStatusError as error:
            if error.response.status_code in _DECLINED:
                return None
            raise _failed(error) from error
        except (httpx.HTTPError, OSError, RuntimeError) as error:
            raise _failed(error) from error
        return dict(answer.json()) if answer is not None and answer.content else {}


_DECLINED = frozenset({404, 409, 410, 423})


def _failed(error: Exception) -> LeaseError:
    where = os.environ.get("PREFECT_API_URL", "PREFECT_API_URL (not set)")
    return LeaseError(f"the Prefect server that keeps the pace fails ({where}): {error!r}")


@dataclass(slots=True)
class _Held:
    """One host: its lease, or why there is none."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    lease: UUID | None = None
    renewed_at: float = 0.0
    users: int = 0
    refused_until: float = 0.0
    refusal: str = ""


class LeasedPace:
    """:class:`HostPace` under a lease: the pace of hosts that several machines crawl. Safe for threads.

    A lease is taken at the first request to a host and given back with :meth:`crawling`'s block, or with the turn
    outside of one. ``clock`` and ``sleep`` (seconds) are there for tests.
    """

    def __init__(
        self,
        folder_pace: HostPace,
        leases: Leases | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pace = folder_pace
        self._leases = leases or PrefectLeases()
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Held] = {}
        self._lock = threading.Lock()

    @contextmanager
    def crawling(self, hosts: Iterable[str]) -> Iterator[None]:
        """Keep the leases of ``hosts`` from their first request to the end of the block."""
        held = [self._host(host) for host in hosts]
        for one in held:
            with one.lock:
                one.users += 1
        try:
            yield
        finally:
            for one in held:
                self._leave(one)

    @contextmanager
    def turn(self, host: str, seconds: float, *, retry: bool = False) -> Iterator[Turn]:
        """As :meth:`HostPace.turn`, which it calls; raises ``NotAskedError`` also where there is no lease to be had."""
        if seconds <= 0:
            with self._pace.turn(host, seconds, retry=retry) as turn:
                yield turn
            return
        with self.crawling([host]), self._pace.turn(host, seconds, retry=retry) as turn:
            if self._ensure(host, self._host(host)):
                self._sleep(seconds)
            yield turn

    def _host(self, host: str) -> _Held:
        with self._lock:
            return self._hosts.setdefault(host.lower(), _Held())

    def _ensure(self, host: str, held: _Held) -> bool:
        """Hold the lease, for long enough for a request. Returns whether it is a new one."""
        with held.lock:
            now = self._clock()
            try:
                if held.lease is not None:
                    if now - held.renewed_at < RENEW_AFTER:
                        return False
                    if now - held.renewed_at < LEASE and self._leases.renew(held.lease, LEASE):
                        held.renewed_at = now
                        return False
                    held.lease = None
                if now < held.refused_until:
                    raise NotAskedError(held.refusal)
                return self._acquire(host, held)
            except LeaseError as error:
                raise self._refused(held, f"pace: {error}") from error

    def _acquire(self, host: str, held: _Held) -> bool:
        until = self._clock() + WAIT
        while (lease := self._leases.acquire(host, LEASE)) is None:
            if self._clock() >= until:
                raise self._refused(
                    held,
                    f"pace: {host} is being crawled from elsewhere; where it is not, the server forgot a lease in a "
                    f"restart: prefect gcl update 'nianbao host {host}' --active-slots 0",
                )
            self._sleep(1.0)
        held.lease, held.renewed_at = lease, self._clock()
        return True

    def _refused(self, held: _Held, why: str) -> NotAskedError:
        held.refusal, held.refused_until = why, self._clock() + REMEMBERED
        return NotAskedError(why)

    def _leave(self, held: _Held) -> None:
        with held.lock:
            held.users -= 1
            if held.users or held.lease is None:
                return
            lease, held.lease = held.lease, None
            try:
                self._leases.release(lease)
            except LeaseError:
                return  # it ends by itself, LEASE seconds after it was last renewed
