"""What a run tells whoever watches it, while it runs: a terminal, a Prefect artifact, or nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the terminal shows progress; a command that crawls nothing need not load the crawler for it
    from scrapers.collect import Step, Tally


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run is, over all its sources."""

    sources_done: int
    listed: int
    wanted: int
    fetched: int
    last: str | None = None
    """The source that was finished last, in words."""


class Progress:
    """Adds up the steps of all sources, from any thread, and shows each new standing to its watchers."""

    def __init__(self, *watchers: Callable[[Standing], None]) -> None:
        self._watchers = watchers
        self._lock = threading.Lock()
        self._steps: dict[str, Step] = {}
        self._finished: dict[str, Tally] = {}
        self._last: str | None = None

    def step(self, step: Step) -> None:
        """A source was listed, or one more of its pages was fetched."""
        with self._lock:
            self._steps[step.source_id] = step
            standing = self._standing()
        self._show(standing)

    def finish(self, tally: Tally) -> None:
        """A source is done."""
        with self._lock:
            self._finished[tally.source_id] = tally
            self._last = f"{tally.publisher}: {tally.listed} listed, {tally.new} new"
            standing = self._standing()
        self._show(standing)

    def _standing(self) -> Standing:
        steps = self._steps.values()
        return Standing(
            sources_done=len(self._finished),
            listed=sum(step.listed for step in steps),
            wanted=sum(step.wanted for step in steps),
            fetched=sum(step.fetched for step in steps),
            last=self._last,
        )

    def _show(self, standing: Standing) -> None:
        for watcher in self._watchers:
            watcher(standing)


_WATCHER: ContextVar[Callable[[Standing], None] | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Callable[[Standing], None]) -> Iterator[None]:
    """Inside the block, flows called in this thread also show their standing to ``watcher``.

    A flow's parameters are data that Prefect stores; a terminal's progress bar cannot be one of them.
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def current_watcher() -> Callable[[Standing], None] | None:
    """The terminal that watches this thread's run, if one does."""
    return _WATCHER.get()
