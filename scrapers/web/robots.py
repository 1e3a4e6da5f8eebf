"""robots.txt by RFC 9309: fetched once a day for each origin, kept on disk, asked before every request.

- 2xx: the rules hold (the first 500 KiB, RFC 9309 2.5). A byte order mark is stripped, or the first rule would be lost.
- 4xx (but not 429), a redirect that leaves the source's hosts or never ends: "unavailable" (2.3.1.3), everything is
  allowed.
- 429, 5xx, no answer: "unreachable" (2.3.1.4), nothing is allowed; rules fetched within the last 30 days still
  hold instead. Asked again after ten minutes.
- Not asked for (the host's circuit is open, the budget is spent, the hours are quiet): then the page is not asked for
  either, and nothing is concluded.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from protego import Protego

from scrapers.records import Fetched, Outcome

MAX_AGE = 24 * 3600.0
MAX_STALE = 30 * 24 * 3600.0
UNREACHABLE_AGE = 600.0
MAX_PARSED = 500 * 1024

_UNREACHABLE_AS_ITSELF = frozenset(
    {
        Outcome.DNS,
        Outcome.CONNECTION,
        Outcome.TIMEOUT,
        Outcome.TLS,
        Outcome.CHALLENGE,
        Outcome.BLOCKED,
        Outcome.SERVER_ERROR,
        Outcome.TRUNCATED,
        Outcome.FORBIDDEN_ADDRESS,
    }
)
"""Ways to be unreachable that say more about the site than ``robots_denied`` would."""
_UNAVAILABLE = frozenset(
    {
        Outcome.GONE,
        Outcome.CLIENT_ERROR,
        Outcome.SOFT_404,
        Outcome.WRONG_HOST,
        Outcome.WRONG_CONTENT,
        Outcome.REDIRECT_LOOP,
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """May this address be fetched? ``outcome`` and ``detail`` say why not; ``attempts`` is what finding out took."""

    allowed: bool
    crawl_delay: float | None = None
    """Seconds, where robots.txt asks for a delay."""
    outcome: Outcome = Outcome.ROBOTS_DENIED
    detail: str | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class _Rules:
    """``parser`` is ``None`` where everything is allowed, ``refusal`` set where nothing is."""

    parser: Protego | None
    fetched_at: float
    refusal: Verdict | None = None

    def fresh(self, now: float) -> bool:
        return 0 <= now - self.fetched_at < (UNREACHABLE_AGE if self.refusal else MAX_AGE)


class Robots:
    """Rules of every origin. ``user_agent`` is matched by its product token.

    ``folder`` keeps the files over runs (``None``: memory only); ``clock`` gives seconds since 1970. Safe for threads.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._agent = user_agent.split("/", 1)[0].split()[0] if user_agent.strip() else "*"
        self._folder = folder
        self._clock = clock
        self._rules: dict[str, _Rules] = {}
        self._origin_locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def verdict(self, url: str, fetch: Callable[[str], Fetched]) -> Verdict:
        """What the origin's rules say of ``url``.

        ``fetch`` gets the address of the robots.txt, where the rules are not known or too old, and returns how that
        went.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme.lower()}://{parts.netloc.lower()}"
        with self._lock:
            origin_lock = self._origin_locks.setdefault(origin, threading.Lock())
        with origin_lock:
            rules = self._known(origin)
            if rules is None:
                rules = self._ask(origin, fetch)
                if rules.refusal is None or rules.refusal.outcome is not Outcome.NOT_ASKED:
                    self._rules[origin] = rules
        if rules.refusal is not None:
            return rules.refusal
        if rules.parser is None:
            return Verdict(allowed=True)
        if not rules.parser.can_fetch(url, self._agent):
            return Verdict(allowed=False, detail=f"{origin}/robots.txt disallows it for {self._agent}")
        delay = rules.parser.crawl_delay(self._agent)
        return Verdict(allowed=True, crawl_delay=float(delay) if delay is not None else None)

    def _known(self, origin: str) -> _Rules | None:
        now = self._clock()
        rules = self._rules.get(origin) or self._load(origin)
        if rules is None or not rules.fresh(now):
            return None
        self._rules[origin] = rules
        return rules

    def _ask(self, origin: str, fetch: Callable[[str], Fetched]) -> _Rules:
        fetched = fetch(f"{origin}/robots.txt")
        capture, now = fetched.capture, self._clock()
        status = capture.status or 0
        if capture.outcome is Outcome.NOT_ASKED:
            return _Rules(None, now, Verdict(allowed=False, outcome=capture.outcome, detail=capture.detail))
        if capture.outcome is Outcome.OK:
            text = fetched.body[:MAX_PARSED].decode("utf-8", "replace").lstrip("\ufeff")
            self._store(origin, text, now)
            return _Rules(_parse(text), now)
        if (400 <= status < 500 and status != 429) or capture.outcome in _UNAVAILABLE:
            self._store(origin, None, now)
            return _Rules(None, now)
        old = self._load(origin)
        if old is not None and 0 <= now - old.fetched_at < MAX_STALE:
            # ten minutes on the old rules, then robots.txt is asked for again
            return _Rules(old.parser, now - MAX_AGE + UNREACHABLE_AGE)
        outcome = capture.outcome if capture.outcome in _UNREACHABLE_AS_ITSELF else Outcome.ROBOTS_DENIED
        detail = (
            f"{origin}/robots.txt is unreachable ({capture.outcome}: {capture.detail}), which forbids all (RFC 9309)"
        )
        if outcome is Outcome.CHALLENGE:
            detail = f"{capture.detail}; met at {origin}/robots.txt"
        return _Rules(None, now, Verdict(allowed=False, outcome=outcome, detail=detail, attempts=capture.attempts))

    def _path(self, origin: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / f"{hashlib.sha256(origin.encode()).hexdigest()[:32]}.json"

    def _store(self, origin: str, text: str | None, now: float) -> None:
        path = self._path(origin)
        if path is None:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.stem}.{os.getpid()}-{threading.get_ident()}.part")
        part.write_text(json.dumps({"origin": origin, "fetched_at": now, "text": text}), encoding="utf-8")
        part.replace(path)

    def _load(self, origin: str) -> _Rules | None:
        path = self._path(origin)
        if path is None:
            return None
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            text = stored["text"]
            return _Rules(None if text is None else _parse(text), float(stored["fetched_at"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None  # not there or not readable: it is fetched again


def _parse(text: str) -> Protego:
    return Protego.parse(text)
