"""Answers that break on their way: late, torn, never ending, or no HTTP. The constants are seconds and bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deployments.portal.exchange import Answer, Asked, Delivery, End
from deployments.portal.faults.fault import DETAILS, PAGES, Expected, Fault, Spoil
from scrapers.records import Outcome

SLOW_SECONDS = 5.0
DRIP_PIECE, DRIP_PAUSE = 64, 0.25
_ENDLESS_PAUSE = 0.05
_HUGE = 64 * 1024
_CAP = 1 << 31
"""Bytes that no limit of a crawler allows."""


def _slow(_: Asked, answer: Answer) -> Answer:
    return answer.delayed(SLOW_SECONDS)


def _drip(_: Asked, answer: Answer) -> Answer:
    return replace(answer, delivery=Delivery(piece=DRIP_PIECE, pause=DRIP_PAUSE))


def _delivered(make: Callable[[Answer], Delivery]) -> Spoil:
    return lambda _, answer: replace(answer, delivery=make(answer))


def _raw(make: Callable[[Answer], bytes], **more: object) -> Spoil:
    """Send ``make``'s bytes in place of the answer."""

    def spoil(_: Asked, answer: Answer) -> Answer:
        return replace(answer, delivery=Delivery(raw=make(answer), **more))  # type: ignore[arg-type]  # its own fields

    return spoil


def _head(answer: Answer, *lines: str, start: str = "HTTP/1.1 200 OK") -> bytes:
    """A head with the answer's own headers, then ``lines``."""
    own = (f"{name}: {value}" for name, value in answer.headers)
    return "\r\n".join([start, *own, *lines]).encode("latin-1") + b"\r\n\r\n"


def _length(answer: Answer) -> str:
    return f"Content-Length: {len(answer.body)}"


def _whole(*lines: str, start: str = "HTTP/1.1 200 OK") -> Callable[[Answer], bytes]:
    return lambda answer: _head(answer, *lines, _length(answer), start=start) + answer.body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _half(answer: Answer) -> bytes:
    return answer.body[: len(answer.body) // 2]


def _fault(
    name: str,
    what: str,
    spoil: Spoil,
    expected: Expected,
    *,
    on_list: bool = True,
) -> Fault:
    return Fault(
        name,
        what,
        spoil,
        PAGES if on_list else DETAILS,
        on_page=expected,
        on_list=expected if on_list else None,
    )


_OK = Expected()
_NO_ANSWER = Expected(Outcome.CONNECTION, attempts=3, archived=False)
_TORN = Expected(Outcome.TRUNCATED, attempts=3)
_NEVER = Expected(Outcome.TIMEOUT, attempts=3)
_HEADLESS = replace(_NEVER, archived=False)
_TOO_LARGE = Expected(Outcome.TOO_LARGE, "cap")

TRANSPORT_FAULTS = (
    _fault("slow", f"every page comes {SLOW_SECONDS:g} s late", _slow, _OK),
    _fault("drip", f"every page comes in drops of {DRIP_PIECE} bytes, {1 / DRIP_PAUSE:g} a second", _drip, _OK),
    _fault(
        "drip_without_end",
        "the body drips for ever, never silent for long",
        _delivered(lambda _: Delivery(piece=16, pause=_ENDLESS_PAUSE, endless=True)),
        Expected(Outcome.TIMEOUT, "total time limit", 3),
        on_list=False,
    ),
    _fault("no_answer", "the connection stands and nothing comes", _raw(lambda _: b"", end=End.STALL), _HEADLESS),
    _fault(
        "stalled_head",
        "the head stops in the middle of a line",
        _raw(lambda a: _head(a)[:40], end=End.STALL),
        _HEADLESS,
        on_list=False,
    ),
    _fault(
        "stalled_body",
        "the body stops half way, and the connection stays open",
        _delivered(lambda a: Delivery(cut_at=len(a.body) // 2, end=End.STALL)),
        replace(_NEVER, detail="of the body"),
        on_list=False,
    ),
    _fault("closed_unanswered", "the connection is closed without a byte", _raw(lambda _: b""), _NO_ANSWER),
    _fault(
        "reset_before_headers",
        "the connection is reset before the head",
        _raw(lambda _: b"", end=End.RESET),
        replace(_NO_ANSWER, detail="reset"),
    ),
    _fault(
        "reset_after_headers",
        "the connection is reset after the head",
        _delivered(lambda _: Delivery(cut_at=0, end=End.RESET)),
        replace(_TORN, detail="reset"),
        on_list=False,
    ),
    _fault(
        "truncated",
        "detail pages end in the middle, short of their Content-Length",
        _delivered(lambda a: Delivery(cut_at=len(a.body) // 2)),
        replace(_TORN, detail=" of "),
        on_list=False,
    ),
    _fault(
        "chunks_torn",
        "a chunked body ends within a chunk",
        _raw(lambda a: _head(a, "Transfer-Encoding: chunked") + _chunk(a.body)[: len(a.body) // 2]),
        _TORN,
        on_list=False,
    ),
    _fault(
        "chunks_without_end",
        "a chunked body lacks its last chunk",
        _raw(lambda a: _head(a, "Transfer-Encoding: chunked") + _chunk(a.body)),
        _TORN,
        on_list=False,
    ),
    _fault(
        "chunks_garbage",
        "the size of a chunk is no number",
        _raw(lambda a: _head(a, "Transfer-Encoding: chunked") + _chunk(_half(a)) + b"zz\r\n" + a.body),
        _TORN,
        on_list=False,
    ),
    _fault(
        "too_large_stated",
        f"the head announces a body of {_CAP} bytes",
        _raw(lambda a: _head(a, f"Content-Length: {_CAP}") + a.body),
        _TOO_LARGE,
        on_list=False,
    ),
    _fault(
        "too_large_unstated",
        "the body says nothing of its length and never ends, as fast as it is read",
        _delivered(lambda _: Delivery(piece=1 << 20, pause=0.001, endless=True)),
        _TOO_LARGE,
        on_list=False,
    ),
    _fault("http_1_0", "an HTTP/1.0 answer that ends with the connection", _raw(_whole(start="HTTP/1.0 200 OK")), _OK),
    _fault(
        "length_unstated",
        "an answer without Content-Length that ends with the connection",
        _raw(lambda a: _head(a) + a.body),
        _OK,
    ),
    _fault("status_without_reason", "the status line has no reason phrase", _raw(_whole(start="HTTP/1.1 200")), _OK),
    _fault(
        "status_line_garbage",
        "the status line is none",
        _raw(lambda a: b"OK, here it is\r\n\r\n" + a.body),
        _NO_ANSWER,
    ),
    _fault("status_0", "status 0", _raw(_whole(start="HTTP/1.1 000 Nothing")), _NO_ANSWER, on_list=False),
    _fault(
        "status_line_endless",
        f"a status line of {_HUGE * 2} bytes",
        _raw(_whole(start="HTTP/1.1 200 " + "O" * _HUGE * 2)),
        _NO_ANSWER,
        on_list=False,
    ),
    _fault(
        "header_oversized",
        f"one header of {_HUGE * 2} bytes",
        _raw(_whole("X-Padding: " + "x" * _HUGE * 2)),
        _NO_ANSWER,
        on_list=False,
    ),
    _fault(
        "headers_of_a_megabyte",
        "a megabyte of headers",
        _raw(_whole(*(f"X-Padding-{n}: {'x' * 1000}" for n in range(1049)))),
        _NO_ANSWER,
        on_list=False,
    ),
    _fault(
        "headers_folded",
        "a header goes on in the next line, as RFC 822 allowed and RFC 9112 does not",
        _raw(_whole("X-Folded: one", " two")),
        _OK,
        on_list=False,
    ),
    _fault(
        "header_without_colon",
        "a line of the head is no header",
        _raw(_whole("this is no header")),
        _OK,
        on_list=False,
    ),
    _fault(
        "length_twice",
        "two headers Content-Length that disagree",
        _raw(lambda a: _head(a, _length(a), f"Content-Length: {len(a.body) // 2}") + a.body),
        _NO_ANSWER,
        on_list=False,
    ),
    _fault(
        "length_garbage",
        "a Content-Length that is no number; the body ends with the connection",
        _raw(lambda a: _head(a, "Content-Length: many") + a.body),
        _OK,
        on_list=False,
    ),
)
