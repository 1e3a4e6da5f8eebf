"""Hosts that cannot be reached: no name, no route, no encryption that comes about.

A forward proxy resolves names and dials for its clients, and says with ``Proxy-Status`` (RFC 9209) what came of it.
The TLS faults send documents' pages to https and spoil the handshake behind the tunnel; the bytes are those of TLS 1.2
(RFC 5246) and 1.3 (RFC 8446).
"""

from __future__ import annotations

from deployments.portal.exchange import Answer, Asked
from deployments.portal.faults.fault import DETAILS, PAGES, Expected, Fault, Spoil, Tunnel
from scrapers.records import Outcome

PROXY = "nianbao-portal"

_ALERT_HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")
_HELLO_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random by which a ServerHello is a HelloRetryRequest (RFC 8446, 4.1.3)."""
_RANDOM = bytes(range(32))
_P256 = b"\x00\x17"
_NOT_ON_THE_CURVE = b"\x04" + b"\x01" * 64


def proxy_failure(error: str, status: int = 502) -> Spoil:
    """The proxy's own answer where the host cannot be asked. ``error``: a type of RFC 9209, 2.3."""

    def spoil(asked: Asked, answer: Answer) -> Answer:
        headers = (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Proxy-Status", f'{PROXY}; error={error}; details="{asked.host}"'),
        )
        return Answer(status, f"{asked.host}: {error}\n".encode(), headers, answer.role)

    return spoil


def _to_https(asked: Asked, answer: Answer) -> Answer:
    if asked.url.startswith("https:"):
        return answer
    headers = (("Location", "https" + asked.url.removeprefix("http")), ("Content-Type", "text/html"))
    return Answer(301, b"<html><body>301</body></html>", headers, answer.role)


def _record(kind: int, body: bytes) -> bytes:
    return bytes((kind, 3, 3)) + len(body).to_bytes(2, "big") + body


def _server_hello(random: bytes, session: bytes, cipher: bytes, extensions: bytes = b"") -> bytes:
    body = b"\x03\x03" + random + bytes((len(session),)) + session + cipher + b"\x00"
    if extensions:
        body += len(extensions).to_bytes(2, "big") + extensions
    return _record(22, b"\x02" + len(body).to_bytes(3, "big") + body)


def _extension(number: int, body: bytes) -> bytes:
    return number.to_bytes(2, "big") + len(body).to_bytes(2, "big") + body


def _session_of(hello: bytes) -> bytes:
    """The session id of a ClientHello in one record: after 5 bytes of record, 4 of handshake, 2 of version, 32 of
    random."""
    start = 5 + 4 + 2 + 32
    return hello[start + 1 : start + 1 + hello[start]]


def _refuses(_: bytes, number: int) -> bytes | None:
    return _ALERT_HANDSHAKE_FAILURE if number == 0 else None


def _renegotiates_insecurely(_: bytes, number: int) -> bytes | None:
    """A server older than RFC 5746: its hello has no extension renegotiation_info, which OpenSSL 3 asks for."""
    if number:
        return None
    return _server_hello(_RANDOM, b"", b"\xc0\x2f") + _ALERT_HANDSHAKE_FAILURE


def _sends_a_bad_point(hello: bytes, number: int) -> bytes | None:
    """Asks for a key on P-256, then sends as its own a point that does not lie on the curve."""
    if number > 1:
        return None
    session = _session_of(hello) if number == 0 or hello[:1] == b"\x16" else _session_of(hello[6:])
    version = _extension(43, b"\x03\x04")
    if number == 0:
        return _server_hello(_HELLO_RETRY, session, b"\x13\x01", version + _extension(51, _P256))
    share = _P256 + len(_NOT_ON_THE_CURVE).to_bytes(2, "big") + _NOT_ON_THE_CURVE
    return _server_hello(_RANDOM, session, b"\x13\x01", version + _extension(51, share))


def _speaks_plainly(_: bytes, number: int) -> bytes | None:
    return b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" if number == 0 else None


def _hangs_up(_: bytes, __: int) -> bytes | None:
    return None


def _tls(name: str, what: str, tunnel: Tunnel, detail: str) -> Fault:
    expected = Expected(Outcome.TLS, detail, archived=False)
    return Fault(
        name, f"documents' pages move to https, where {what}", _to_https, DETAILS, tunnel=tunnel, on_page=expected
    )


def _proxied(name: str, what: str, error: str, status: int, outcome: Outcome, attempts: int) -> Fault:
    expected = Expected(outcome, error, attempts)
    return Fault(name, what, proxy_failure(error, status), PAGES, on_page=expected, on_list=expected)


UNREACHABLE_FAULTS = (
    _proxied("dns_failure", "the host's name is not found", "dns_error", 502, Outcome.DNS, 1),
    _proxied("dns_timeout", "no name server answers in time", "dns_timeout", 504, Outcome.TIMEOUT, 3),
    _proxied(
        "unroutable",
        "no route leads to the host, as to one with IPv6 alone from a network without",
        "destination_ip_unroutable",
        502,
        Outcome.CONNECTION,
        3,
    ),
    _proxied("connection_refused", "the host refuses connections", "connection_refused", 502, Outcome.CONNECTION, 3),
    _proxied(
        "unreachable_from_here",
        "connections to the host time out, as from abroad to many provinces",
        "connection_timeout",
        504,
        Outcome.TIMEOUT,
        3,
    ),
    _tls("tls_handshake_failure", "the handshake is refused with an alert", _refuses, "HANDSHAKE_FAILURE"),
    _tls(
        "tls_legacy_renegotiation",
        "the server knows no secure renegotiation, and fails on the second context too",
        _renegotiates_insecurely,
        "UNSAFE_LEGACY_RENEGOTIATION_DISABLED",
    ),
    _tls("tls_bad_ecpoint", "the server's key is no point of its curve", _sends_a_bad_point, "BAD_ECPOINT"),
    _tls("tls_plain_http", "the server speaks plain HTTP", _speaks_plainly, "; legacy: "),
    _tls("tls_hang_up", "the server hangs up on the first hello", _hangs_up, "; legacy: "),
    Fault(
        "https_refused",
        "documents' pages move to https, which nothing serves, as on HTTP-only hosts",
        _to_https,
        DETAILS,
        on_page=Expected(Outcome.CONNECTION, "unnel", 3, archived=False),
    ),
)
