"""At most one request each N seconds to a host, over all threads, processes and machines that share a folder.

A host's file is locked (``flock``) for the whole of a request, so requests to one host never overlap, and the pace
counts from the moment the last answer began: two requests cannot reach the host closer than the pace, however slow a
connection was to open. The instants are of the monotonic clock, which no change of the wall clock moves. That clock
belongs to one run of one machine: whoever finds the file written under another one waits a whole pace and carries what
is left of a rest over by the wall clock, never longer than it was to last. So machines may share the folder over the
network where its locks do hold (NFS 4; not SMB); ``docs/decisions/0007-pace.md`` says what else there is.

The same file carries the host's circuit breaker, see :mod:`scrapers.web.circuit`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

from scrapers.records import Outcome
from scrapers.web.circuit import Circuit, CircuitLimits

SLOWEST = 8.0
"""Seconds to which refusals may stretch the pace by themselves (a longer configured pace, crawl-delay or Retry-After
holds)."""
SUCCESSES_TO_RECOVER = 3


class NotAskedError(Exception):
    """The host must not be asked now; the message says why and until when. It says nothing about any page."""


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
    circuit: Circuit = field(default_factory=Circuit)

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
            return replace(self, last=now, slowdown=min(self.slowdown * 2, 2.0**10), successes=0, hold_until=hold)
        successes = self.successes + 1
        if successes < SUCCESSES_TO_RECOVER or self.slowdown == 1.0:
            return replace(self, last=now, successes=min(successes, SUCCESSES_TO_RECOVER), hold_until=hold)
        return replace(self, last=now, slowdown=max(1.0, self.slowdown / 2), successes=0, hold_until=hold)

    def carried_over(self, written: float, elapsed: float, now: float) -> PaceState:
        """The state as another clock has it, which reads ``now``, ``elapsed`` seconds after this one read
        ``written``."""

        def moved(instant: float) -> float:
            left = max(0.0, instant - written)
            return now + max(0.0, left - max(0.0, elapsed))

        circuit = self.circuit
        if circuit.is_open:
            circuit = replace(circuit, probe_at=moved(circuit.probe_at))
        return replace(self, last=now, hold_until=moved(self.hold_until), circuit=circuit)


class Turn:
    """The right to send one request now."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.answer: tuple[float, bool, float | None] | None = None
        self.is_judged = False
        self.trouble: Outcome | None = None
        self.rest: float | None = None

    def answered(self, *, refused: bool, retry_after: float | None = None) -> None:
        """Say that the answer has begun: the pace counts from here."""
        self.answer = (self._clock(), refused, retry_after)

    def ended(self, trouble: Outcome | None, *, rest: float | None = None) -> None:
        """Say how it ended: ``trouble`` of the host, or ``None`` where the host answered.

        ``rest``: seconds that the host asked to be left alone for, where that is longer than anybody waits. A turn that
        ends without a word leaves the circuit as it was.
        """
        self.is_judged, self.trouble, self.rest = True, trouble, rest


class Pace(Protocol):
    """What the client asks before each request: :class:`HostPace`, or one over several machines."""

    def turn(self, host: str, seconds: float, *, retry: bool = False) -> AbstractContextManager[Turn]: ...


class HostPace:
    """The pace of every host, kept in ``folder``. Safe for threads and processes of all machines that share it.

    ``clock`` and ``sleep`` (seconds) are there for tests, ``wall`` gives seconds since 1970; ``boot`` names the run of
    the clock; ``limits`` say when a host's circuit opens.
    """

    def __init__(
        self,
        folder: Path,
        *,
        limits: CircuitLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        wall: Callable[[], float] = time.time,
        boot: str | None = None,
    ) -> None:
        self._folder = folder
        self._limits = limits or CircuitLimits()
        self._clock = clock
        self._sleep = sleep
        self._wall = wall
        self._boot = _boot_id() if boot is None else boot

    @contextmanager
    def turn(self, host: str, seconds: float, *, retry: bool = False) -> Iterator[Turn]:
        """Wait for the host's turn, hold it for the body of the ``with``, then pass it on.

        ``seconds`` is the pace of this host; 0 switches pacing (and slowing down) off, the circuit breaker stays.
        ``retry``: a further try of the fetch before. Raises :class:`NotAskedError` while the host's circuit is open
        and ``OSError`` where the folder cannot be written.
        """
        turn = Turn(self._clock)
        if seconds <= 0:
            self._enter_unpaced(host)
            try:
                yield turn
            finally:
                self._leave_unpaced(host, turn, retry=retry)
            return
        with self._locked(host) as file:
            state = self._entered(self._read(file, host))
            now = self._clock()
            while (start := state.next_start(now, seconds)) > now:
                self._sleep(start - now)
                now = self._clock()
            state = state.started(now)
            self._write(file, host, replace(state, circuit=state.circuit.probing(now)))
            try:
                yield turn
            finally:
                if turn.answer is None:  # no answer came: count from the end of the attempt
                    state = state.started(self._clock())
                else:
                    at, refused, retry_after = turn.answer
                    state = state.answered(at, refused=refused, retry_after=retry_after)
                self._write(file, host, self._judged(state, turn, retry=retry))

    def left_alone(self) -> tuple[tuple[str, str], ...]:
        """Every host whose circuit is open now, with why and until when; by name."""
        found = []
        for path in sorted(self._folder.glob("*.pace")):
            try:
                host = str(json.loads(path.read_bytes())["host"])
            except (ValueError, TypeError, KeyError):
                continue  # being written, or torn by a crash: the next turn sees to it
            if self._path(host) != path:
                continue
            with self._locked(host) as file:
                refusal = self._read(file, host).circuit.refusal(self._clock(), self._wall())
            if refusal is not None:
                found.append((host, refusal))
        return tuple(sorted(found))

    def _entered(self, state: PaceState) -> PaceState:
        refusal = state.circuit.refusal(self._clock(), self._wall())
        if refusal is not None:
            raise NotAskedError(refusal)
        return state

    def _judged(self, state: PaceState, turn: Turn, *, retry: bool) -> PaceState:
        if not turn.is_judged:
            return state
        now, wall = self._clock(), self._wall()
        if turn.rest is not None and self._limits.failures:
            return replace(state, circuit=state.circuit.rested(turn.rest, now, wall))
        if turn.trouble is None:
            return replace(state, circuit=Circuit())
        return replace(state, circuit=state.circuit.failed(turn.trouble, now, wall, self._limits, retry=retry))

    def _enter_unpaced(self, host: str) -> None:
        if not self._path(host).exists():
            return  # a host that never was in trouble costs no lock
        with self._locked(host) as file:
            state = self._entered(self._read(file, host))
            if state.circuit.is_open:
                self._write(file, host, replace(state, circuit=state.circuit.probing(self._clock())))

    def _leave_unpaced(self, host: str, turn: Turn, *, retry: bool) -> None:
        in_trouble = turn.trouble is not None or turn.rest is not None
        if not turn.is_judged or not (in_trouble or self._path(host).exists()):
            return
        with self._locked(host) as file:
            state = self._read(file, host)
            after = self._judged(state, turn, retry=retry)
            if after != state:
                self._write(file, host, after)

    def _path(self, host: str) -> Path:
        return self._folder / f"{hashlib.sha256(host.lower().encode()).hexdigest()[:32]}.pace"

    @contextmanager
    def _locked(self, host: str) -> Iterator[int]:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path(host), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)  # releases the lock

    def _read(self, file: int, host: str) -> PaceState:
        data = os.pread(file, 1 << 16, 0)
        if not data:
            return PaceState()
        try:
            fields = json.loads(data)
            del fields["host"]
            boot, written, wall = fields.pop("boot"), float(fields.pop("written")), float(fields.pop("wall"))
            circuit = fields.pop("circuit")
            state = PaceState(**fields, circuit=Circuit(**{**circuit, "troubles": tuple(circuit["troubles"])}))
        except (ValueError, TypeError, KeyError, AttributeError):
            return PaceState(last=self._clock())  # torn by a crash: wait one whole pace
        if boot != self._boot:
            state = state.carried_over(written, self._wall() - wall, self._clock())
            self._write(file, host, state)  # from here on our own clock counts
        return state

    def _write(self, file: int, host: str, state: PaceState) -> None:
        stamp = {"host": host, "boot": self._boot, "written": self._clock(), "wall": self._wall()}
        data = json.dumps({**stamp, **asdict(state)}).encode()
        os.pwrite(file, data, 0)
        os.ftruncate(file, len(data))


def _boot_id() -> str:
    """Names the current run of the monotonic clock; where the system does not say (not Linux), its start to the
    minute."""
    path = Path("/proc/sys/kernel/random/boot_id")
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    return str(round((time.time() - time.monotonic()) / 60))
