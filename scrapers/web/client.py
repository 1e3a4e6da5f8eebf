"""The one client that talks to sites: asks robots.txt, keeps the pace, follows redirects by hand, tries again,
archives.

Every fetch ends in exactly one :class:`~scrapers.records.Outcome`, with its evidence in ``Capture.detail``. It
identifies itself, and stops at a challenge. Safe for threads; each thread has its own connections and cookies.
"""

from __future__ import annotations

import hashlib
import string
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from urllib.parse import quote, urlsplit

from scrapers.records import Capture, Fetched, KnownPage, Outcome, Request
from scrapers.web import warc
from scrapers.web.addresses import is_public, literal_address
from scrapers.web.archive import Archive, Position
from scrapers.web.content_coding import (
    ACCEPTED,
    ContentTooLargeError,
    TornContentError,
    UnknownCodingError,
    decode_content,
)
from scrapers.web.outcomes import classify
from scrapers.web.pace import HostPace
from scrapers.web.redirects import REDIRECTS, leads_home, location, resolve, within
from scrapers.web.retry import backoff
from scrapers.web.robots import Robots
from scrapers.web.settings import ClientSettings
from scrapers.web.thin_page import forward_target, visible_text
from scrapers.web.wire import Answer, LegacyHosts, NoAnswerError, Wire

__all__ = ["Client", "ClientSettings"]

_FORWARDING_PAGE = 8 * 1024
_SAYS_SOMETHING = 90
"""Visible bytes (30 Chinese characters) from which a page has text of its own: 正在跳转 and the like have less."""


class Client:
    """Fetches addresses. ``archive`` gets every request and response (``None``: nothing is kept); ``pace`` is asked
    before each.

    ``sleep`` (seconds) waits between attempts; tests give their own. Close it when done.
    """

    def __init__(
        self,
        settings: ClientSettings,
        archive: Archive | None,
        pace: HostPace,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._pace = pace
        self._sleep = sleep
        self._robots = Robots(settings.user_agent, folder=settings.robots_folder)
        self._legacy_hosts = LegacyHosts()
        self._own = threading.local()
        self._wires: list[Wire] = []
        self._lock = threading.Lock()

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        """Fetch one address; redirects are followed within ``hosts`` only.

        ``pace_seconds`` overrides the setting for this host. ``known`` makes the request conditional. The body of the
        result is empty unless the outcome is ``ok``. Raises :class:`~scrapers.web.archive.ArchiveError` where a
        response cannot be kept; a site's failure never raises.
        """
        pace = self._settings.pace_seconds if pace_seconds is None else pace_seconds
        return _Fetch(self, request, hosts, pace, known, obey_robots=self._settings.obey_robots).run()

    def close(self) -> None:
        """Close all connections. The archive stays open: it belongs to whoever made it."""
        with self._lock:
            wires, self._wires = self._wires, []
        for wire in wires:
            wire.close()
        self._own = threading.local()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wire(self) -> Wire:
        wire: Wire | None = getattr(self._own, "wire", None)
        if wire is None:
            wire = self._own.wire = Wire(self._settings, self._legacy_hosts)
            with self._lock:
                self._wires.append(wire)
        return wire


@dataclass(frozen=True, slots=True)
class _End:
    """How an attempt ended, at ``url``; ``answer`` and ``position`` where a response came.

    ``passing``: a later attempt may succeed. ``attempts``: requests it took where they were not ours (robots.txt).
    """

    url: str
    outcome: Outcome
    detail: str | None
    answer: Answer | None = None
    position: Position | None = None
    body: bytes = b""
    passing: bool = False
    attempts: int | None = None


@dataclass(frozen=True, slots=True)
class _Onward:
    """A redirect. ``by_page``: a page says so, not a status, so it is followed as a reader would, with GET."""

    target: str
    by_page: bool = False


class _Fetch:
    """One fetch: its attempts, and in each the way from address to address."""

    def __init__(
        self,
        client: Client,
        request: Request,
        hosts: tuple[str, ...],
        pace: float,
        known: KnownPage | None,
        *,
        obey_robots: bool,
    ) -> None:
        self._client = client
        self._settings = client._settings
        self._request = request
        self._hosts = hosts
        self._pace = pace
        self._obey_robots = obey_robots
        self._conditions: dict[str, str] = {}
        if known is not None and request.method == "GET":
            if known.etag:
                self._conditions["If-None-Match"] = known.etag
            if known.last_modified:
                self._conditions["If-Modified-Since"] = known.last_modified

    def run(self) -> Fetched:
        started = time.monotonic()
        attempt = 1
        while True:
            end = self._attempt()
            wait, why_not = self._wait_after(end, attempt)
            if wait is None:
                break
            self._client._sleep(wait)
            attempt += 1
        if why_not is not None:
            end = replace(end, detail=f"{end.detail}; {why_not}")
        elapsed_ms = round((time.monotonic() - started) * 1000)
        return _fetched(self._request.url, end, attempt if end.attempts is None else end.attempts, elapsed_ms)

    def _wait_after(self, end: _End, attempt: int) -> tuple[float | None, str | None]:
        """Seconds before the next attempt; ``None``: there is none, with the reason where it is not plain."""
        if not (end.passing or _may_pass(end)) or attempt >= self._settings.max_attempts:
            return None, None
        wait = backoff(attempt, self._settings.backoff_seconds, self._settings.backoff_cap)
        asked = end.answer.retry_after if end.answer is not None else None
        if asked is None:
            return wait, None
        if asked > self._settings.retry_after_cap:
            return None, f"Retry-After {asked:.0f} s is more than we wait"
        return max(wait, asked), None

    def _attempt(self) -> _End:
        """From address to address until one answers for good."""
        method, form = self._request.method, self._request.form
        url = resolve(self._request.url, "") if self._request.url else None
        if url is None:
            return _End(self._request.url, Outcome.CLIENT_ERROR, "no http or https address")
        been: set[tuple[str, str]] = set()
        answer: Answer | None = None
        position: Position | None = None
        while True:
            pace = self._permit(url)
            if isinstance(pace, _End):
                return pace
            try:
                wire = self._client._wire()
                prepared = wire.prepare(method, url, self._headers(), form)
                step = (f"{method} {url}", str(prepared.headers.get("Cookie", "")))
                if step in been:  # with the same cookies the same answer comes again
                    return _End(url, Outcome.REDIRECT_LOOP, f"back at {url}", answer, position)
                if len(been) > self._settings.max_redirects:
                    detail = f"more than {self._settings.max_redirects} redirects"
                    return _End(url, Outcome.REDIRECT_LOOP, detail, answer, position)
                been.add(step)
                with self._client._pace.turn(urlsplit(url).netloc, pace) as turn:
                    answer = wire.exchange(prepared, turn)
            except NoAnswerError as failure:
                return _End(url, failure.outcome, failure.detail, passing=failure.passing)
            archive = self._client._archive
            position = archive.write(answer.exchange) if archive is not None else None
            onward = self._judge(answer, position)
            if isinstance(onward, _End):
                return onward
            following = resolve(url, onward.target)
            if following is None:
                return _End(url, Outcome.WRONG_HOST, f"redirect to {onward.target}", answer, position)
            if (obstacle := self._obstacle(url, following)) is not None:
                return _End(url, obstacle, f"redirect to {following}", answer, position)
            status = answer.exchange.status
            if onward.by_page or status == 303 or (status in (301, 302) and method == "POST"):
                method, form = "GET", None
            url = following

    def _permit(self, url: str) -> float | _End:
        """The pace for ``url``, or the end where it may not be asked."""
        if (literal := self._private(url)) is not None:
            return _End(url, Outcome.FORBIDDEN_ADDRESS, f"{url} lies at {literal}, which is not a public address")
        if not within(url, self._hosts):
            return _End(url, Outcome.WRONG_HOST, f"{url} is not on {', '.join(self._hosts) or 'any host'}")
        if not self._obey_robots:
            return self._pace
        verdict = self._client._robots.verdict(url, self._fetch_robots)
        if not verdict.allowed:
            return _End(url, verdict.outcome, verdict.detail, attempts=verdict.attempts)
        return max(self._pace, min(verdict.crawl_delay or 0.0, self._settings.crawl_delay_cap))

    def _fetch_robots(self, url: str) -> Fetched:
        return _Fetch(self._client, Request(url), self._hosts, self._pace, None, obey_robots=False).run()

    def _headers(self) -> dict[str, str]:
        return {
            "User-Agent": self._settings.user_agent,
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Accept-Language": "zh-CN,zh;q=0.9",
            "Accept-Encoding": ACCEPTED,
            **{name: _header_text(value) for name, value in self._request.headers.items()},
            **self._conditions,
        }

    def _obstacle(self, url: str, following: str) -> Outcome | None:
        """Why a redirect from ``url`` is not followed; ``None``: it is."""
        if self._private(following) is not None:
            return Outcome.FORBIDDEN_ADDRESS
        if not within(following, self._hosts):
            return Outcome.WRONG_HOST
        return Outcome.SOFT_404 if leads_home(url, following) else None

    def _private(self, url: str) -> str | None:
        """The address that ``url`` spells out, where it is one that may not be asked."""
        literal = literal_address(urlsplit(url).hostname or "")
        if literal is None or self._settings.allow_private_addresses or is_public(literal):
            return None
        return literal

    def _judge(self, answer: Answer, position: Position | None) -> _End | _Onward:
        """Is this the end, or where does the answer send us?"""
        exchange = answer.exchange
        if exchange.status in REDIRECTS and (target := location(exchange.headers)) is not None:
            return _Onward(target)
        if answer.outcome is not None:
            return _End(exchange.url, answer.outcome, answer.detail, answer, position)
        coding, content_type = exchange.header("Content-Encoding"), exchange.header("Content-Type")
        try:
            body = decode_content(exchange.body, coding, content_type, self._settings.max_bytes)
        except (TornContentError, ContentTooLargeError, UnknownCodingError) as error:
            return _End(exchange.url, _OF_CODING[type(error)], str(error), answer, position)
        conditional = bool(self._conditions)
        outcome, detail = classify(exchange.status, exchange.headers, body, url=exchange.url, conditional=conditional)
        is_page = "html" in (content_type or "html").lower()
        if outcome is Outcome.OK and is_page and (forward := _forwarding(body)) is not None:
            return _Onward(forward, by_page=True)
        return _End(exchange.url, outcome, detail, answer, position, body)


def _fetched(url: str, end: _End, attempts: int, elapsed_ms: int) -> Fetched:
    answer, position = end.answer, end.position
    capture = Capture(
        capture_id=position.record_id if position is not None else warc.new_record_id(),
        url=url,
        final_url=end.url,
        fetched_at=answer.exchange.at if answer is not None else datetime.now(UTC),
        outcome=end.outcome,
        detail=end.detail,
        attempts=attempts,
        elapsed_ms=elapsed_ms,
    )
    if answer is not None:
        exchange = answer.exchange
        payload = end.body or exchange.body
        capture = replace(
            capture,
            status=exchange.status,
            headers=exchange.headers,
            content_type=exchange.header("Content-Type"),
            etag=exchange.header("ETag"),
            last_modified=exchange.header("Last-Modified"),
            digest="sha256:" + hashlib.sha256(payload).hexdigest() if payload else None,
            length=len(payload),
            warc_file=position.warc_file if position is not None else None,
            warc_offset=position.offset if position is not None else None,
        )
    return Fetched(capture, end.body if end.outcome is Outcome.OK else b"")


_OF_CODING = {
    TornContentError: Outcome.TRUNCATED,
    ContentTooLargeError: Outcome.TOO_LARGE,
    UnknownCodingError: Outcome.WRONG_CONTENT,
}


def _header_text(value: str) -> str:
    """A header value that can be sent: what is not Latin-1, as in a Referer with Chinese letters, percent-encoded."""
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return quote(value, safe=string.punctuation + " ")
    return value


def _may_pass(end: _End) -> bool:
    """May a later attempt succeed after this answer? A challenge or a refusal never passes by asking again."""
    if end.answer is None:
        return False
    status = end.answer.exchange.status
    return (
        end.outcome in (Outcome.TIMEOUT, Outcome.TRUNCATED)
        or (end.outcome is Outcome.SERVER_ERROR and status >= 500)
        or (end.outcome is Outcome.BLOCKED and status == 429)
    )


def _forwarding(page: bytes) -> str | None:
    """Where a page that shows a reader next to nothing sends them; ``None`` for a page with text of its own."""
    if len(page) > _FORWARDING_PAGE or len(visible_text(page, _SAYS_SOMETHING)) >= _SAYS_SOMETHING:
        return None
    return forward_target(page)
