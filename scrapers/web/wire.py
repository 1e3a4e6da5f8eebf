"""One request over the wire and what came of it: no retry, no redirect, no judgement of the page."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests
import urllib3
from requests.cookies import extract_cookies_to_jar

from scrapers.records import Outcome
from scrapers.web.addresses import ForbiddenAddressError
from scrapers.web.connection import LimitedAdapter, deadline, time_left
from scrapers.web.exchange import Exchange
from scrapers.web.pace import Turn
from scrapers.web.retry import is_refusal, retry_after
from scrapers.web.settings import ClientSettings

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. ``outcome`` is set where its body is not whole (``truncated``, ``timeout``, ``too_large``), with
    ``detail``."""

    exchange: Exchange
    retry_after: float | None = None
    """Seconds, from the header Retry-After."""
    outcome: Outcome | None = None
    detail: str | None = None


class NoAnswerError(Exception):
    """No response came. ``outcome`` says why: dns, connection, timeout, tls, forbidden_address, client_error (no
    address at all)."""

    def __init__(self, outcome: Outcome, detail: str, *, passing: bool, of_proxy: bool = False) -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.passing = passing
        """A later try may succeed."""
        self.of_proxy = of_proxy
        """Our own proxy could not be reached: that says nothing of the host."""


class LegacyHosts:
    """Hosts that have answered only to the legacy TLS context, for the life of the client. Safe for threads."""

    def __init__(self) -> None:
        self._hosts: set[str] = set()
        self._lock = threading.Lock()

    def add(self, host: str) -> None:
        with self._lock:
            self._hosts.add(host)

    def __contains__(self, host: str) -> bool:
        return host in self._hosts


class Wire:
    """The connections and cookies of one thread."""

    def __init__(self, settings: ClientSettings, legacy_hosts: LegacyHosts) -> None:
        self._settings = settings
        self._legacy_hosts = legacy_hosts
        self._session = requests.Session()
        self._session.trust_env = False  # neither proxies nor .netrc of whoever runs this
        self._session.headers.clear()
        guarded = not settings.allow_private_addresses
        self._strict = LimitedAdapter(guarded=guarded)
        self._legacy = LimitedAdapter(guarded=guarded, legacy_tls=True)
        self._proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else {}

    def prepare(
        self, method: str, url: str, headers: Mapping[str, str], form: tuple[tuple[str, str], ...] | None
    ) -> requests.PreparedRequest:
        """The request with this thread's cookies. Raises :class:`NoAnswerError` (client_error) for what is no web
        address."""
        try:
            return self._session.prepare_request(
                requests.Request(method, url, headers=dict(headers), data=None if form is None else list(form))
            )
        except (requests.RequestException, ValueError) as error:
            raise NoAnswerError(
                Outcome.CLIENT_ERROR, f"no address that can be asked: {error}", passing=False
            ) from error

    def exchange(self, request: requests.PreparedRequest, turn: Turn) -> Answer:
        """Send, and read the whole answer within the limits. Raises :class:`NoAnswerError`."""
        with deadline(self._settings.total_timeout):
            at = datetime.now(UTC)
            response = self._send(request)
            try:
                return self._read(request, response, at, turn)
            finally:
                response.close()

    def close(self) -> None:
        self._session.close()
        self._strict.close()
        self._legacy.close()

    def _send(self, request: requests.PreparedRequest) -> requests.Response:
        host = urlsplit(request.url or "").netloc
        try:
            if host in self._legacy_hosts:
                return self._through(self._legacy, request)
            try:
                return self._through(self._strict, request)
            except requests.exceptions.SSLError as strict:
                response = self._through_legacy(request, strict)
                self._legacy_hosts.add(host)
                return response
        except ForbiddenAddressError as error:
            raise NoAnswerError(Outcome.FORBIDDEN_ADDRESS, str(error), passing=False) from error
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            http.client.HTTPException,
            OSError,
            ValueError,
        ) as error:
            raise self._no_answer(error) from error

    def _through(self, adapter: LimitedAdapter, request: requests.PreparedRequest) -> requests.Response:
        return adapter.send(
            request,
            stream=True,
            timeout=(self._settings.connect_timeout, self._settings.read_timeout),
            verify=self._settings.ca_bundle or True,
            proxies=self._proxies,
        )

    def _through_legacy(self, request: requests.PreparedRequest, strict: Exception) -> requests.Response:
        try:
            return self._through(self._legacy, request)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as legacy:
            detail = f"strict: {last_words(strict)}; legacy: {last_words(legacy)}"
            raise NoAnswerError(Outcome.TLS, detail, passing=False) from legacy

    def _read(self, request: requests.PreparedRequest, response: requests.Response, at: datetime, turn: Turn) -> Answer:
        raw = response.raw
        extract_cookies_to_jar(self._session.cookies, request, raw)  # type: ignore[no-untyped-call]  # no stub
        headers = tuple((str(name), str(value)) for name, value in raw.headers.iteritems())
        status = int(raw.status)
        wait = retry_after(headers, at)
        turn.answered(
            refused=is_refusal(status), retry_after=min(wait, self._settings.retry_after_cap) if wait else None
        )
        body, problem = self._body(raw)
        outcome, detail, truncated = problem or (None, None, None)
        exchange = Exchange(
            url=str(request.url),
            at=at,
            method=str(request.method),
            target=request.path_url,
            request_headers=(("Host", urlsplit(request.url or "").netloc), *_header_pairs(request)),
            request_body=_body_bytes(request),
            protocol="HTTP/1.0" if raw.version == 10 else "HTTP/1.1",
            status=status,
            reason=str(raw.reason or ""),
            headers=headers,
            body=body,
            truncated=truncated,
            # behind a proxy nobody knows which address answered
            ip=None if self._proxies else getattr(response.raw._original_response, "peer", None),
        )
        return Answer(exchange, wait, outcome, detail)

    def _body(self, raw: urllib3.HTTPResponse) -> tuple[bytes, tuple[Outcome, str, str] | None]:
        cap = self._settings.max_bytes
        stated = raw.length_remaining
        if stated is not None and stated > cap:
            return b"", (Outcome.TOO_LARGE, f"Content-Length {stated}, the cap is {cap} bytes", "length")
        pieces: list[bytes] = []
        size = 0
        try:
            while piece := raw.read1(_PIECE, decode_content=False):
                pieces.append(piece)
                size += len(piece)
                if size > cap:
                    return b"".join(pieces)[:cap], (Outcome.TOO_LARGE, f"more than the cap of {cap} bytes", "length")
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            body = b"".join(pieces)
            if _is_timeout(error):
                return body, (Outcome.TIMEOUT, f"{self._which_limit()} after {size} bytes of the body", "time")
            of = f" of {stated}" if stated is not None else ""
            return body, (Outcome.TRUNCATED, f"{size}{of} bytes, then: {last_words(error)}", "disconnect")
        return b"".join(pieces), None

    def _no_answer(self, error: Exception) -> NoAnswerError:
        if _is_of_proxy(error):
            detail = f"the proxy cannot be reached: {last_words(error)}"
            return NoAnswerError(Outcome.CONNECTION, detail, passing=True, of_proxy=True)
        for cause in _causes(error):
            if isinstance(cause, socket.gaierror):
                return NoAnswerError(Outcome.DNS, str(cause), passing=cause.errno == socket.EAI_AGAIN)
        if _is_timeout(error):
            return NoAnswerError(Outcome.TIMEOUT, self._which_limit(), passing=True)
        if isinstance(error, requests.exceptions.SSLError):
            return NoAnswerError(Outcome.TLS, last_words(error), passing=False)
        if isinstance(error, requests.exceptions.InvalidURL | urllib3.exceptions.LocationParseError):
            return NoAnswerError(Outcome.CLIENT_ERROR, f"no address that can be asked: {error}", passing=False)
        return NoAnswerError(Outcome.CONNECTION, last_words(error), passing=True)

    def _which_limit(self) -> str:
        if time_left() <= 0:
            return f"total time limit of {self._settings.total_timeout:g} s"
        return (
            f"no answer in time (connect {self._settings.connect_timeout:g} s, read {self._settings.read_timeout:g} s)"
        )


def _header_pairs(request: requests.PreparedRequest) -> tuple[tuple[str, str], ...]:
    return tuple((_text(name), _text(value)) for name, value in request.headers.items())


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _body_bytes(request: requests.PreparedRequest) -> bytes:
    body = request.body
    return body if isinstance(body, bytes) else body.encode("utf-8") if isinstance(body, str) else b""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything it wraps: by ``from``, as ``reason`` (urllib3) or as an argument (requests)."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [getattr(cause, "reason", None), cause.__cause__, cause.__context__, *cause.args]


def _is_of_proxy(error: BaseException) -> bool:
    """Whether no connection to the proxy itself came up; one that refuses a tunnel is another matter."""
    causes = tuple(_causes(error))
    not_up = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    return any(isinstance(c, urllib3.exceptions.ProxyError) for c in causes) and any(
        isinstance(c, not_up) for c in causes
    )


def _is_timeout(error: BaseException) -> bool:
    kinds = (TimeoutError, requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
    # NewConnectionError is a TimeoutError in urllib3's class tree, though it is raised for refusals
    return any(
        isinstance(c, kinds) and not isinstance(c, urllib3.exceptions.NewConnectionError) for c in _causes(error)
    )


def last_words(error: BaseException) -> str:
    """The innermost cause, which is what happened: ``ConnectionResetError: [Errno 104] Connection reset by peer``."""
    *_, innermost = _causes(error)
    return f"{type(innermost).__name__}: {innermost}"
