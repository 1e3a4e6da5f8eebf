"""The one client that talks to sites: asks robots.txt, keeps the pace, follows redirects by hand, tries again,
archives.

Every fetch ends in exactly one :class:`~scrapers.records.Outcome`, with its evidence in ``Capture.detail``. It
identifies itself, and stops at a challenge. Safe for threads; each thread has its own connections and cookies.
"""

from __future__ import annotations

import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from urllib.parse import quote, urlsplit

from requests import PreparedRequest

from scrapers.addresses import host_of
from scrapers.records import Fetched, KnownPage, Outcome, Request
from scrapers.web.addresses import is_public, literal_address
from scrapers.web.archive import Archive, Position
from scrapers.web.archive_records import Original
from scrapers.web.budget import Budget
from scrapers.web.circuit import HOST_TROUBLES
from scrapers.web.content_coding import (
    ACCEPTED,
    ContentTooLargeError,
    TornContentError,
    UnknownCodingError,
    decode_content,
)
from scrapers.web.ending import OF_CODING, End, Onward, fetched, forwarding, may_pass
from scrapers.web.left_behind import LeftBehind
from scrapers.web.outcomes import classify
from scrapers.web.pace import NotAskedError, Pace, Turn
from scrapers.web.quiet_hours import QuietHours
from scrapers.web.redirects import REDIRECTS, leads_home, location, resolve, within
from scrapers.web.retry import backoff
from scrapers.web.robots import Robots
from scrapers.web.settings import ClientSettings
from scrapers.web.wire import Answer, LegacyHosts, NoAnswerError, Wire

__all__ = ["Client", "ClientSettings"]


class Client:
    """Fetches addresses. ``archive`` gets every request and response (``None``: nothing is kept); ``pace`` is asked
    before each.

    ``left_behind`` are answers that an earlier run archived and nobody landed: they stand in for a request, once.
    ``quiet_hours`` are those of single hosts, by name; they stand in for the ones of the settings. ``sleep`` (seconds)
    waits between attempts and for the end of quiet hours, and may come back early; ``now`` tells the time of day.
    Close it when done.
    """

    def __init__(
        self,
        settings: ClientSettings,
        archive: Archive | None,
        pace: Pace,
        *,
        left_behind: LeftBehind | None = None,
        quiet_hours: Mapping[str, tuple[QuietHours, ...]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._archive = archive
        self._pace = pace
        self._left_behind = left_behind
        self._quiet_hours = dict(quiet_hours or {})
        self._sleep = sleep
        self._now = now
        self._budget = Budget(settings.max_requests_per_host, settings.max_requests)
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
        result is empty unless the outcome is ``ok``. The outcome is ``not_asked`` where the host's circuit is open, the
        budget is spent or the hours are quiet: that says nothing of the page. Raises
        :class:`~scrapers.web.archive.ArchiveError` where a response cannot be kept; a site's failure never raises.
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

    def _quiet(self, host: str) -> str | None:
        """Why ``host`` is not asked at this hour; ``None``: it may be."""
        now = self._now()
        return next((refusal for hours in self._hours(host) if (refusal := hours.refusal(now)) is not None), None)

    def _wait_out_quiet_hours(self, host: str) -> None:
        """Wait for quiet hours to end that end soon."""
        for hours in self._hours(host):
            now = self._now()
            end = hours.ends_at(now)
            if end is not None and (left := (end - now).total_seconds()) <= self._settings.quiet_hours_wait:
                self._sleep(left)

    def _hours(self, host: str) -> tuple[QuietHours, ...]:
        of_all = self._settings.quiet_hours
        return self._quiet_hours.get(host, () if of_all is None else (of_all,))

    def _wire(self) -> Wire:
        wire: Wire | None = getattr(self._own, "wire", None)
        if wire is None:
            wire = self._own.wire = Wire(self._settings, self._legacy_hosts)
            with self._lock:
                self._wires.append(wire)
        return wire


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
        self._known = known
        self._conditions: dict[str, str] = {}
        self._held: Original | None = None
        if known is not None and request.method == "GET":
            self._ask_for_changes(known)

    def run(self) -> Fetched:
        started = time.monotonic()
        attempt = 1
        end = self._attempt(retry=False)
        while True:
            wait, why_not = self._wait_after(end, attempt)
            if wait is None:
                break
            self._client._sleep(wait)
            again = self._attempt(retry=True)
            if again.outcome is Outcome.NOT_ASKED:
                why_not = f"not asked again: {again.detail}"
                break
            end = again
            attempt += 1
        if why_not is not None:
            end = replace(end, detail=f"{end.detail}; {why_not}")
        elapsed_ms = round((time.monotonic() - started) * 1000)
        return fetched(self._request.url, end, attempt if end.attempts is None else end.attempts, elapsed_ms)

    def _wait_after(self, end: End, attempt: int) -> tuple[float | None, str | None]:
        """Seconds before the next attempt; ``None``: there is none, with the reason where it is not plain."""
        if not (end.passing or may_pass(end)) or attempt >= self._settings.max_attempts:
            return None, None
        wait = backoff(attempt, self._settings.backoff_seconds, self._settings.backoff_cap)
        asked = end.answer.retry_after if end.answer is not None else None
        if asked is None:
            return wait, None
        if asked > self._settings.retry_after_cap:
            return None, f"Retry-After {asked:.0f} s is more than we wait"
        return max(wait, asked), None

    def _attempt(self, *, retry: bool) -> End:
        """From address to address until one answers for good. ``retry``: an attempt was made before."""
        method, form = self._request.method, self._request.form
        url = resolve(self._request.url, "") if self._request.url else None
        if url is None:
            return End(self._request.url, Outcome.CLIENT_ERROR, "no http or https address")
        been: set[tuple[str, str]] = set()
        answer: Answer | None = None
        position: Position | None = None
        onward: End | Onward
        failed: Position | None = None
        while True:
            try:
                pace = self._permit(url)
                if isinstance(pace, End):
                    return pace
                wire = self._client._wire()
                prepared = wire.prepare(method, url, self._headers(), form)
                step = (f"{method} {url}", str(prepared.headers.get("Cookie", "")))
                if step in been:  # with the same cookies the same answer comes again
                    return End(url, Outcome.REDIRECT_LOOP, f"back at {url}", answer, position)
                if len(been) > self._settings.max_redirects:
                    detail = f"more than {self._settings.max_redirects} redirects"
                    return End(url, Outcome.REDIRECT_LOOP, detail, answer, position)
                been.add(step)
                host = host_of(str(prepared.url))
                left = self._left_behind(method, prepared)
                if left is not None:
                    answer, position = left
                    onward = self._judge(answer, position)
                else:
                    with self._client._pace.turn(host, pace, retry=retry) as turn:
                        # looked at again: the turn may have been a long time coming
                        if (refusal := self._client._quiet(host) or self._client._budget.spend(host)) is not None:
                            raise NotAskedError(refusal)
                        try:
                            answer = wire.exchange(prepared, turn)
                        except NoAnswerError as failure:
                            failed = self._keep_failure(str(prepared.url), failure)
                            if failure.outcome in HOST_TROUBLES and not failure.of_proxy:
                                turn.ended(failure.outcome)
                            raise
                        position = self._keep(answer)
                        onward = self._judge(answer, position)
                        self._tell(turn, answer, onward)
            except NotAskedError as refused:
                made = None if answer is not None else 0
                return End(url, Outcome.NOT_ASKED, str(refused), answer, position, attempts=made)
            except NoAnswerError as failure:
                return End(url, failure.outcome, failure.detail, position=failed, passing=failure.passing)
            if isinstance(onward, End):
                return onward
            following = resolve(url, onward.target)
            if following is None:
                return End(url, Outcome.WRONG_HOST, f"redirect to {onward.target}", answer, position)
            if (obstacle := self._obstacle(url, following)) is not None:
                return End(url, obstacle, f"redirect to {following}", answer, position)
            status = answer.exchange.status
            if onward.by_page or status == 303 or (status in (301, 302) and method == "POST"):
                method, form = "GET", None
            url = following

    def _ask_for_changes(self, known: KnownPage) -> None:
        """Make the request conditional, except where the archive has lost the answer: a 304 would bring nothing in its
        place."""
        conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
        given = {name: value for name, value in conditions.items() if value}
        archive = self._client._archive
        if given and archive is not None and known.archived is not None:
            self._held = archive.original(known.archived)
            if self._held is None:
                return
        self._conditions = given

    def _left_behind(self, method: str, prepared: PreparedRequest) -> tuple[Answer, Position] | None:
        if self._client._left_behind is None:
            return None
        body = prepared.body or b""
        return self._client._left_behind.take(
            method, str(prepared.url), body.encode() if isinstance(body, str) else bytes(body)
        )

    def _keep(self, answer: Answer) -> Position | None:
        archive = self._client._archive
        if archive is None:
            return None
        return archive.write(answer.exchange, group=self._group, known=self._known, held=self._held)

    def _keep_failure(self, url: str, failure: NoAnswerError) -> Position | None:
        archive = self._client._archive
        if archive is None:
            return None
        return archive.write_failure(url, datetime.now(UTC), failure.outcome, failure.detail, group=self._group)

    @property
    def _group(self) -> str:
        """Whose files in the archive: those of the source's own host, wherever a redirect leads."""
        return self._hosts[0] if self._hosts else ""

    def _tell(self, turn: Turn, answer: Answer, onward: End | Onward) -> None:
        """Tell the host's circuit how the host answered."""
        outcome = onward.outcome if isinstance(onward, End) else None
        asked = answer.retry_after
        turn.ended(
            outcome if outcome in HOST_TROUBLES else None,
            rest=asked if asked is not None and asked > self._settings.retry_after_cap else None,
        )

    def _permit(self, url: str) -> float | End:
        """The pace for ``url``, or the end where it may never be asked. Raises :class:`NotAskedError` where not now."""
        if (literal := self._private(url)) is not None:
            return End(url, Outcome.FORBIDDEN_ADDRESS, f"{url} lies at {literal}, which is not a public address")
        if not within(url, self._hosts):
            return End(url, Outcome.WRONG_HOST, f"{url} is not on {', '.join(self._hosts) or 'any host'}")
        host = host_of(url)
        self._client._wait_out_quiet_hours(host)
        if (refusal := self._client._quiet(host) or self._client._budget.refusal(host)) is not None:
            raise NotAskedError(refusal)
        if not self._obey_robots:
            return self._pace
        verdict = self._client._robots.verdict(url, self._fetch_robots)
        if not verdict.allowed:
            return End(url, verdict.outcome, verdict.detail, attempts=verdict.attempts)
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

    def _judge(self, answer: Answer, position: Position | None) -> End | Onward:
        """Is this the end, or where does the answer send us?"""
        exchange = answer.exchange
        if exchange.status in REDIRECTS and (target := location(exchange.headers)) is not None:
            return Onward(target)
        if answer.outcome is not None:
            return End(exchange.url, answer.outcome, answer.detail, answer, position)
        coding, content_type = exchange.header("Content-Encoding"), exchange.header("Content-Type")
        try:
            body = decode_content(exchange.body, coding, content_type, self._settings.max_bytes)
        except (TornContentError, ContentTooLargeError, UnknownCodingError) as error:
            return End(exchange.url, OF_CODING[type(error)], str(error), answer, position)
        conditional = bool(self._conditions)
        outcome, detail = classify(
            exchange.status,
            exchange.headers,
            body,
            url=exchange.url,
            conditional=conditional,
            document=self._request.document,
            proxied=self._settings.proxy is not None,
        )
        is_page = "html" in (content_type or "html").lower()
        if outcome is Outcome.OK and is_page and (forward := forwarding(body)) is not None:
            return Onward(forward, by_page=True)
        return End(exchange.url, outcome, detail, answer, position, body)


def _header_text(value: str) -> str:
    """A header value that can be sent: what is not Latin-1, as in a Referer with Chinese letters, percent-encoded."""
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        return quote(value, safe=string.punctuation + " ")
    return value
