"""A circuit breaker for a host: after failures in a row it is left alone for a while, then asked once. Pure.

Closed, requests pass. ``CircuitLimits.failures`` fetches in a row that failed in a way that speaks of the host open it:
nothing is asked until the cool-down is over. Then it is half open: one request, the probe, goes through. An answer
closes the circuit, a failure opens it again for twice as long, up to ``CircuitLimits.longest``. A host that asks for a
long rest by Retry-After gets one in the same way.

Instants are seconds of a monotonic clock; ``wall`` is seconds since 1970, used in words only, so that no change of the
wall clock opens, closes or prolongs anything.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from scrapers.records import Outcome

HOST_TROUBLES = frozenset(
    {
        Outcome.TIMEOUT,
        Outcome.CONNECTION,
        Outcome.DNS,
        Outcome.TLS,
        Outcome.SERVER_ERROR,
        Outcome.CHALLENGE,
        Outcome.BLOCKED,
    }
)
"""Ways to fail that speak of the host, not of the page. Every other answer shows that the host is there."""
LONGEST_REST = 24 * 3600.0
"""Seconds: a Retry-After beyond it is taken for a mistake."""


@dataclass(frozen=True, slots=True)
class CircuitLimits:
    """When a circuit opens and for how long; seconds. ``failures`` of 0: never."""

    failures: int = 5
    cooldown: float = 300.0
    longest: float = 6 * 3600.0

    def __post_init__(self) -> None:
        for name in ("failures", "cooldown", "longest"):
            if getattr(self, name) < 0:
                raise ValueError(f"circuit {name}: {getattr(self, name)} is below 0")


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is remembered of a host's failures in a row; the default is a closed circuit."""

    troubles: tuple[str, ...] = ()
    """Outcome of each failed fetch since the last answer, as far as they are needed."""
    opened_wall: float | None = None
    """When it opened; ``None``: it is closed."""
    cooldown: float = 0.0
    probe_at: float = 0.0
    failed_probes: int = 0
    rest: float | None = None
    """Seconds that the host itself asked for, where that is why it is open."""

    @property
    def is_open(self) -> bool:
        return self.opened_wall is not None

    def refusal(self, now: float, wall: float) -> str | None:
        """Why nothing may be asked at ``now``; ``None``: closed, or due for its probe."""
        if self.opened_wall is None or now >= self.probe_at:
            return None
        return (
            f"circuit open since {_utc(self.opened_wall)} after {self._why()}; "
            f"next probe at {_utc(wall + self.probe_at - now)}"
        )

    def probing(self, now: float) -> Circuit:
        """While the probe is on its way: another one only after a further cool-down, should this one never end."""
        return replace(self, probe_at=now + self.cooldown) if self.is_open else self

    def failed(self, trouble: Outcome, now: float, wall: float, limits: CircuitLimits, *, retry: bool) -> Circuit:
        """After a request that failed. ``retry``: a further try of a fetch that was counted already."""
        if limits.failures == 0:
            return Circuit()
        if self.is_open:
            longer = min(max(self.cooldown * 2, limits.cooldown), limits.longest)
            return replace(self, cooldown=longer, probe_at=now + longer, failed_probes=self.failed_probes + 1)
        if retry:
            return self
        troubles = (*self.troubles, trouble.value)[-limits.failures :]
        if len(troubles) < limits.failures:
            return Circuit(troubles)
        return Circuit(troubles, opened_wall=wall, cooldown=limits.cooldown, probe_at=now + limits.cooldown)

    def rested(self, seconds: float, now: float, wall: float) -> Circuit:
        """Open for as long as the host asked for, a day at most."""
        rest = min(seconds, LONGEST_REST)
        return Circuit(self.troubles, opened_wall=wall, cooldown=rest, probe_at=now + rest, rest=seconds)

    def _why(self) -> str:
        parts = [f"{times} x {trouble}" for trouble, times in Counter(self.troubles).items()]
        if self.rest is not None:
            parts = [f"the host asked for a rest of {self.rest:.0f} s"]
        if self.failed_probes:
            parts.append(f"{self.failed_probes} failed probe{'s' * (self.failed_probes > 1)}")
        return ", ".join(parts)


def _utc(wall: float) -> str:
    return f"{datetime.fromtimestamp(wall, UTC):%Y-%m-%dT%H:%M:%SZ}"
