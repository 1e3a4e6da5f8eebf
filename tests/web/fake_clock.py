"""A clock that moves only when somebody sleeps or a test says so."""

from __future__ import annotations


class Clock:
    """Seconds from an arbitrary instant; called, it tells the time."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
