"""How an attempt ends, or where it goes on: what the client makes of one answer, and the record it leaves. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from scrapers.records import Capture, Fetched, Outcome
from scrapers.web import warc
from scrapers.web.archive import Position
from scrapers.web.content_coding import ContentTooLargeError, TornContentError, UnknownCodingError
from scrapers.web.evidence import beginning
from scrapers.web.thin_page import LONGEST_FORWARDING, forward_target, visible_text
from scrapers.web.wire import Answer

_SAYS_SOMETHING = 90
"""Visible bytes (30 Chinese characters) from which a page has text of its own: 正在跳转 and the like have less."""


OF_CODING = {
    TornContentError: Outcome.TRUNCATED,
    ContentTooLargeError: Outcome.TOO_LARGE,
    UnknownCodingError: Outcome.WRONG_CONTENT,
}
"""How an answer ends whose body cannot be decoded."""


@dataclass(frozen=True, slots=True)
class End:
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
class Onward:
    """A redirect. ``by_page``: a page says so, not a status, so it is followed as a reader would, with GET."""

    target: str
    by_page: bool = False


def fetched(url: str, end: End, attempts: int, elapsed_ms: int) -> Fetched:
    """The capture that a fetch of ``url`` leaves, with its body where the outcome is ``ok``."""
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
            beginning=beginning(payload) if end.outcome not in (Outcome.OK, Outcome.NOT_MODIFIED) else None,
        )
    return Fetched(capture, end.body if end.outcome is Outcome.OK else b"")


def may_pass(end: End) -> bool:
    """May a later attempt succeed after this answer? A challenge or a refusal never passes by asking again."""
    if end.answer is None:
        return False
    status = end.answer.exchange.status
    return (
        end.outcome in (Outcome.TIMEOUT, Outcome.TRUNCATED, Outcome.CONNECTION)
        or (end.outcome is Outcome.SERVER_ERROR and status >= 500)
        or (end.outcome is Outcome.BLOCKED and status == 429)
    )


def forwarding(page: bytes) -> str | None:
    """Where a page that shows a reader next to nothing sends them; ``None`` for a page with text of its own."""
    if len(page) > LONGEST_FORWARDING or len(visible_text(page, _SAYS_SOMETHING)) >= _SAYS_SOMETHING:
        return None
    return forward_target(page)
