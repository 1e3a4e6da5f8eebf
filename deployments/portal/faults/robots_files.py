"""What hosts send for robots.txt."""

from __future__ import annotations

from dataclasses import replace

from deployments.portal.exchange import Answer, Asked, Delivery, End, Role
from deployments.portal.faults.fault import ROBOTS, Expected, Fault
from scrapers.records import Outcome

_TEXT = "text/plain; charset=utf-8"
_HTML = "text/html; charset=utf-8"
_PADDING = b"# " + b"x" * 78 + b"\n"
_HUGE = 600 * 1024
"""Bytes; parsers must read 500 KiB (RFC 9309, 2.5)."""


def _is_robots(asked: Asked, _: Answer) -> bool:
    return asked.path == "/robots.txt"


def _fault(
    name: str,
    what: str,
    body: bytes,
    expected: Expected,
    *,
    status: int = 200,
    content_type: str = _TEXT,
    delivery: Delivery | None = None,
) -> Fault:
    sent = Answer(status, body, (("Content-Type", content_type),), Role.ROBOTS)
    if delivery is not None:
        sent = replace(sent, delivery=delivery)
    return Fault(name, what, lambda *_: sent, ROBOTS, touches=_is_robots, on_list=expected, listing=expected.outcome)


_ALLOWED = Expected()


def _denied(detail: str, attempts: int, outcome: Outcome = Outcome.ROBOTS_DENIED) -> Expected:
    return Expected(outcome, detail, attempts, archived=False)


ROBOTS_FAULTS = (
    _fault("robots_404", "robots.txt is missing: all is allowed", b"<html>404</html>", _ALLOWED, status=404),
    _fault("robots_403", "robots.txt is refused: all is allowed (RFC 9309, 2.3.1.3)", b"no", _ALLOWED, status=403),
    _fault(
        "robots_500",
        "robots.txt fails with status 500: nothing is allowed (RFC 9309, 2.3.1.4)",
        b"oops",
        _denied("status 500", 3, Outcome.SERVER_ERROR),
        status=500,
    ),
    _fault(
        "robots_html",
        "a page of HTML in place of robots.txt: all is allowed",
        "<!DOCTYPE html><html><head><title>首页</title></head><body><p>User-agent: *</p></body></html>".encode(),
        _ALLOWED,
        content_type=_HTML,
    ),
    _fault(
        "robots_disallow", "robots.txt disallows everything", b"User-agent: *\nDisallow: /\n", _denied("disallows", 0)
    ),
    _fault(
        "robots_byte_order_mark",
        "robots.txt disallows everything, after a byte order mark",
        b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n",
        _denied("disallows", 0),
    ),
    _fault(
        "robots_huge",
        f"robots.txt of {_HUGE >> 10} KiB that disallows everything in its first line",
        b"User-agent: *\nDisallow: /\n" + _PADDING * (_HUGE // len(_PADDING)),
        _denied("disallows", 0),
    ),
    _fault(
        "robots_huge_rule_last",
        f"robots.txt whose rule stands behind {_HUGE >> 10} KiB: it is not read so far",
        _PADDING * (_HUGE // len(_PADDING)) + b"User-agent: *\nDisallow: /\n",
        _ALLOWED,
    ),
    _fault(
        "robots_stalls",
        "robots.txt never comes: nothing is allowed",
        b"",
        _denied("robots.txt is unreachable", 3, Outcome.TIMEOUT),
        delivery=Delivery(raw=b"", end=End.STALL),
    ),
    _fault(
        "robots_challenge",
        "a challenge in place of robots.txt: nothing is allowed",
        b"<script>document.cookie='__jsl_clearance=1';location.reload()</script>",
        _denied("jiasule", 1, Outcome.CHALLENGE),
        status=521,
        content_type=_HTML,
    ),
)
