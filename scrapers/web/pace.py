"""At most one request each N seconds to a host, over all threads and processes that share a folder.

A host's file is locked (``flock``) for the whole of a request, so requests to one host never overlap, and the pace
counts from the moment the last answer began: two requests cannot reach the host closer than the pace, however slow a
connection was to open. The instants are of the monotonic clock, which no change of the wall clock moves; after a
reboot, which restarts that clock, one whole pace is waited.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

SLOWEST = 8.0
"""Seconds to which refusals may stretch the pace by themselves (a longer configured pace, crawl-delay or Retry-After
holds)."""
SUCCESSES_TO_RECOVER = 3


@dataclass(frozen=True, slots=True)
class PaceState:
    """What is remembered of a host. Instants in seconds of one monotonic clock."""

    last: float | None = None
    """When the last answer (or, while one is awaited, request) began."""
    slowdown: float = 1.0
    """Factor on the pace: doubled by a refusal, halved after three successes."""
    successes: int = 0
    hold_until: float = 0.0
    """No request before this instant (Retry-After)."""

    def next_start(self, now: float, pace: float) -> float:
        """The earliest instant, not before ``now``, at which a request may start."""
        if self.last is None:
            return max(now, self.hold_until)
        delay = max(pace, min(pace * self.slowdown, SLOWEST))
        # a stamp after now can only come from another clock: wait one delay, not until it
        return max(now, min(self.last, now) + delay, self.hold_until)

    def started(self, now: float) -> PaceState:
        return replace(self, last=now)

    def answered(self, now: float, *, refused: bool, retry_after: float | None = None) -> PaceState:
        """After an answer that began at ``now``: ``refused`` for 403, 429 and 5xx; ``retry_after`` in seconds."""
        hold = self.hold_until if retry_after is None else max(self.hold_until, now + retry_after)
        if refused:
            return PaceState(now, min(self.slowdown * 2, 2.0**10), 0, hold)
        successes = self.successes + 1
        if successes < SUCCESSES_TO_RECOVER or self.slowdown == 1.0:
            return PaceState(now, self.slowdown, min(successes, SUCCESSES_TO_RECOVER), hold)
        return PaceState(now, max(1.0, self.slowdown / 2), 0, hold)


class Turn:
    """The right to send one request now."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.answer: tuple[float, bool, float | None] | None = None

    def answered(self, *, refused: bool, retry_after: float | None = None) -> None:
        """Say that the answer has begun: the pace counts from here."""
        self.answer = (self._clock(), refused, retry_after)


class HostPace:
    """The pace of every host, kept in ``folder``. Safe for threads and processes of one machine.

    ``clock`` and ``sleep`` (seconds) are there for tests; ``boot`` names the run of the clock.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        boot: str | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._sleep = sleep
        self._boot = _boot_id() if boot is None else boot

    @contextmanager
    def turn(self, host: str, seconds: float) -> Iterator[Turn]:
        """Wait for the host's turn, hold it for the body of the ``with``, then pass it on.

        ``seconds`` is the pace of this host; 0 switches pacing (and slowing down) off and costs nothing. Raises
        ``OSError`` where the folder cannot be written.
        """
        turn = Turn(self._clock)
        if seconds <= 0:
            yield turn
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(host.lower().encode()).hexdigest()[:32]
        file = os.open(self._folder / f"{name}.pace", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            state = self._read(file)
            now = self._clock()
            while (start := state.next_start(now, seconds)) > now:
                self._sleep(start - now)
                now = self._clock()
            state = state.started(now)
            self._write(file, host, state)
            try:
                yield turn
            finally:
                if turn.answer is None:  # no answer came: count from the end of the attempt
                    state = state.started(self._clock())
                else:
                    at, refused, retry_after = turn.answer
                    state = state.answered(at, refused=refused, retry_after=retry_after)
                self._write(file, host, state)
        finally:
            os.close(file)  # releases the lock

    def _read(self, file: int) -> PaceState:
        data = os.pread(file, 4096, 0)
        if not data:
            return PaceState()
        try:
            fields = json.loads(data)
            boot = fields.pop("boot")
            fields.pop("host")
            state = PaceState(**fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            return PaceState(last=self._clock())  # torn by a crash: wait one whole pace
        if boot != self._boot:
            return PaceState(last=self._clock(), slowdown=state.slowdown)
        return state

    def _write(self, file: int, host: str, state: PaceState) -> None:
        data = json.dumps({"host": host, "boot": self._boot, **asdict(state)}).encode()
        os.pwrite(file, data, 0)
        os.ftruncate(file, len(data))


def _boot_id() -> str:
    """Names the current run of the monotonic clock; where the system does not say (not Linux), its start to the
    minute."""
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    return str(round((time.time() - time.monotonic()) / 60))
