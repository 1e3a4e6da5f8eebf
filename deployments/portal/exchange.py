"""What a disclosure site is asked and what it answers: the words between the proxy, the sites and the faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit


class Role(StrEnum):
    """What an answer is in the life of a site; faults choose by it what they spoil."""

    ROBOTS = "robots"
    HOME = "home"
    COLUMN = "column"
    LIST = "list"
    DETAIL = "detail"
    FILE = "file"
    """What is attached to a detail page."""
    STORED = "stored"
    """A response served as it was saved; nobody says what it is."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, its target made absolute. Header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def host(self) -> str:
        """The host with its port where one is written, in lower case: the key of a site."""
        return urlsplit(self.url).netloc.rpartition("@")[2].lower()

    @property
    def path(self) -> str:
        return urlsplit(self.url).path or "/"

    @property
    def parameters(self) -> dict[str, str]:
        """Query and form together, decoded; the form wins, as it does in the Java servers of these sites."""
        pairs = parse_qsl(urlsplit(self.url).query, keep_blank_values=True)
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return dict(pairs)


class End(StrEnum):
    """What becomes of a connection against the rules."""

    RESET = "reset"
    """It is torn down: the client gets a TCP RST."""
    STALL = "stall"
    """It stays open, and nothing is sent any more."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the bytes of an answer go over the wire, where that is not simply at once and in full."""

    delay: float = 0.0
    """Seconds before the first byte."""
    piece: int | None = None
    """Bytes of the body sent at a time; ``None``: all at once."""
    pause: float = 0.0
    """Seconds between two pieces."""
    cut_at: int | None = None
    """The connection is closed after so many bytes of the body, whatever ``Content-Length`` promised."""
    raw: bytes | None = None
    """What is sent in place of the head and the body, after which the connection is closed."""
    endless: bool = False
    """Whether the body is sent over and over for as long as the client listens; it needs a ``piece``."""
    end: End | None = None
    """What becomes of the connection after the last byte; ``None``: what HTTP has for it."""


AT_ONCE = Delivery()


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. ``Content-Length`` and ``Date`` are the proxy's business."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    role: Role = Role.STORED
    page: int | None = None
    """Of a list: number of the (first) page it holds, from 1; ``None`` for a frame whose rows come from elsewhere."""
    last: int | None = None
    """Number of the last page it holds, where that is another."""
    pages: int | None = None
    """How many pages the list has."""
    delivery: Delivery = AT_ONCE

    @property
    def reason(self) -> str:
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:  # 521 and its like are nobody's standard
            return "Unknown"

    def header(self, name: str) -> str | None:
        """First value of a header, whatever the case of its name."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def holds(self, page: int) -> bool:
        """Whether it is the part of a list in which that page lies."""
        return self.page is not None and self.page <= page <= (self.last or self.page)

    def delayed(self, seconds: float) -> Answer:
        """The same answer, so much later."""
        return replace(self, delivery=replace(self.delivery, delay=self.delivery.delay + seconds))


def html_answer(text: str, *, charset: str = "utf-8", declared: str | None = None, **fields: object) -> Answer:
    """A page of status 200 in the bytes of ``charset``; ``declared`` is what the header says, ``None`` for nothing."""
    content_type = "text/html" if declared is None else f"text/html; charset={declared}"
    answer = Answer(200, text.encode(charset), (("Content-Type", content_type),))
    return replace(answer, **fields)  # type: ignore[arg-type]  # checked by dataclasses.replace at run time


def json_answer(data: object, **fields: object) -> Answer:
    """A program's answer of status 200: JSON in UTF-8, letters as they are."""
    body = json.dumps(data, ensure_ascii=False).encode()
    answer = Answer(200, body, (("Content-Type", "application/json; charset=utf-8"),), Role.LIST)
    return replace(answer, **fields)  # type: ignore[arg-type]  # checked by dataclasses.replace at run time


def script_answer(code: str) -> Answer:
    """A script file that belongs to a column page."""
    return Answer(200, code.encode(), (("Content-Type", "application/javascript; charset=utf-8"),), Role.COLUMN)


def plain_answer(status: int, text: str, role: Role = Role.STORED) -> Answer:
    """A short message in plain UTF-8."""
    return Answer(status, text.encode(), (("Content-Type", "text/plain; charset=utf-8"),), role)
