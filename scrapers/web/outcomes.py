"""How a response ended: one outcome for each, with the evidence. Pure; the signatures are data
(``signatures.toml``)."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from scrapers.records import Outcome
from scrapers.web.thin_page import LONGEST_FORWARDING, forward_target, visible_text

Headers = Sequence[tuple[str, str]]

REFUSALS = frozenset({202, 403, 405, 412, 418, 493, 503, 521})
"""Statuses with which the services of ``signatures.toml`` refuse; there a header or cookie of theirs names the
refusal."""
THIN = 1800
"""Visible bytes (600 Chinese characters in UTF-8) above which no page of status 200 is taken for a challenge."""
_BARE = 12
_HEAD = 1 << 16
_JSON_AT_MOST = 1 << 20
"""Bytes of a body that are looked at as JSON: an error message is short, and a report is a page."""
_PROXY_STATUSES = frozenset({502, 503, 504})
_PROXY_ERROR = re.compile(r";\s*error\s*=\s*\"?([a-z_]+)")

_SCRIPT = re.compile(rb"<script\b", re.IGNORECASE)
_DATA_SCRIPT = re.compile(rb"<script\b[^>]*\btype\s*=\s*[\"']?(?:text/xml|text/template|application/)", re.IGNORECASE)
_OBJECT = re.compile(rb"<(?:img|iframe|frame|frameset|embed|object|video|a)\b", re.IGNORECASE)
_PAGE_PATH = re.compile(r"\.(?:s|x|j)?html?$", re.IGNORECASE)
_FILE_PATH = re.compile(r"\.(?:pdf|docx?|xlsx?|wps|et|ofd|zip|rar|jpe?g|png|gif)$", re.IGNORECASE)
_BINARY = (
    b"%PDF-",
    b"PK\x03\x04",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"\xd0\xcf\x11\xe0",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
)
_HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """A string in every encoding it may be met in, lower case."""

    forms: tuple[bytes, ...]

    def within(self, lowered: bytes) -> bool:
        return any(form in lowered for form in self.forms)


@dataclass(frozen=True, slots=True)
class ChallengeSignature:
    """What gives one vendor's challenge away; see the head of ``signatures.toml``."""

    vendor: str
    name: str
    statuses: frozenset[int]
    headers: tuple[tuple[str, str], ...]
    cookies: tuple[str, ...]
    body: tuple[tuple[Mark, ...], ...]


@dataclass(frozen=True, slots=True)
class PageSignature:
    """Words of a page of status 200 that is no content."""

    name: str
    outcome: Outcome
    max_text: int
    title: tuple[tuple[str, Mark], ...]
    text: tuple[tuple[str, Mark], ...]
    markup: tuple[tuple[str, Mark], ...]


def classify(
    status: int,
    headers: Headers,
    body: bytes,
    *,
    url: str = "",
    conditional: bool = False,
    document: bool = False,
    proxied: bool = False,
) -> tuple[Outcome, str | None]:
    """The outcome of a whole response, and why.

    ``body`` is the decoded payload, ``url`` the address that answered, ``conditional`` whether the request asked for
    a change only, ``document`` whether a document's page was asked for, ``proxied`` whether the answer came through a
    forward proxy, which may itself say why it has none (RFC 9209). Where the outcome is ``challenge`` the detail begins
    with the vendor's name (``unnamed`` where the signature is nobody's). Redirects (3xx with a Location), and pages
    without text that forward their reader, are the client's business.
    """
    if proxied and status in _PROXY_STATUSES and (failure := _proxy_failure(headers)) is not None:
        return failure
    if status == 304:
        if conditional:
            return Outcome.NOT_MODIFIED, None
        return Outcome.WRONG_CONTENT, "304 although nothing was asked conditionally"
    for name, value in headers:
        if name.lower() == "reason" and "geobl" in value.lower():
            return Outcome.BLOCKED, f"geo: status {status}, header reason: {value}"
    if status == 200:
        return _classify_page(headers, body, url, document=document)
    refused = _challenge_of_refusal(status, headers, body)
    if refused is not None:
        return Outcome.CHALLENGE, refused
    return _by_status(status)


def _classify_page(headers: Headers, body: bytes, url: str, *, document: bool = False) -> tuple[Outcome, str | None]:
    if not body.strip():
        return Outcome.WRONG_CONTENT, "status 200 with an empty body"
    path = urlsplit(url).path
    content_type = next((value for name, value in headers if name.lower() == "content-type"), "")
    if body.startswith(_BINARY):
        if _PAGE_PATH.search(path):
            return (
                Outcome.WRONG_CONTENT,
                f"a page was asked for, the body is a file ({content_type or 'no type'}, {body[:4]!r})",
            )
        return Outcome.OK, None
    if document and _is_json(body):
        return Outcome.WRONG_CONTENT, f"a page was asked for, the body is JSON ({content_type or 'no type'})"
    if not ("html" in content_type.lower() or _begins_as_html(body)):
        return Outcome.OK, None
    text = visible_text(body, THIN)
    if len(text) < THIN:
        found = _thin_page(headers, body, text, document=document)
        if found is not None:
            return found
    if _FILE_PATH.search(path) and _begins_as_html(body):
        return Outcome.WRONG_CONTENT, f"a file was asked for, the body is a page ({content_type or 'no type'})"
    return Outcome.OK, None


def _thin_page(headers: Headers, body: bytes, text: bytes, *, document: bool) -> tuple[Outcome, str] | None:
    head = body[:_HEAD].lower()
    challenges, pages = _signatures()
    for signature in challenges:
        if _in_body(signature, head):
            return Outcome.CHALLENGE, f"{signature.vendor}: {signature.name}, by the page under status 200"
    for page in pages:
        words = _words_of(page, head, text)
        if words is not None:
            prefix = "unnamed: " if page.outcome is Outcome.CHALLENGE else ""
            return page.outcome, f"{prefix}{page.name} under status 200: {words}"
    # A page of scripts alone may still be a column that its platform can list, unless all it does is set a cookie.
    if len(text) >= _BARE or _OBJECT.search(body):
        return None
    scripts = _SCRIPT.search(head)
    if _DATA_SCRIPT.search(head):
        return None
    if scripts and b"document.cookie" in head:
        vendor = _vendor_beside(headers) or "unnamed"
        return Outcome.CHALLENGE, f"{vendor}: a bare script that sets a cookie, {len(body)} bytes under status 200"
    if not document or (len(body) <= LONGEST_FORWARDING and forward_target(body) is not None):
        return None
    if scripts:
        return Outcome.JS_ONLY, f"a shell without text, which a script would fill, {len(body)} bytes under status 200"
    return Outcome.WRONG_CONTENT, f"a page with no text, {len(body)} bytes under status 200"


def _words_of(page: PageSignature, head: bytes, text: bytes) -> str | None:
    """The words by which a page with so much visible text is such a one; ``head`` in lower case."""
    if len(text) > page.max_text:
        return None
    title = b">" + head.partition(b"<title")[2].partition(b"</title")[0].partition(b">")[2].strip()
    return _first(page.title, title) or _first(page.text, text.lower()) or _first(page.markup, head)


def _is_json(body: bytes) -> bool:
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith((b"{", b"[")) or len(body) > _JSON_AT_MOST:
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _proxy_failure(headers: Headers) -> tuple[Outcome, str] | None:
    """What the proxy says for itself in ``Proxy-Status``; ``None``: nothing, so that the site said what it said."""
    for name, value in headers:
        if name.lower() != "proxy-status":
            continue
        said = _PROXY_ERROR.search(value)
        outcome = _proxy_errors().get(said[1]) if said is not None else None
        if outcome is not None:
            return outcome, f"by the proxy: {value}"
    return None


def _challenge_of_refusal(status: int, headers: Headers, body: bytes) -> str | None:
    head = body[:_HEAD].lower()
    challenges, pages = _signatures()
    for signature in challenges:
        if _in_body(signature, head):
            return f"{signature.vendor}: {signature.name}, by the page, status {status}"
    server = next((value.lower() for name, value in headers if name.lower() == "server"), "")
    # A site's own 503 passes through these services too: there it takes a script, or that the service calls itself
    # the server.
    beside = headers if status != 503 or _SCRIPT.search(head) else (("server", server),)
    if status in REFUSALS and (vendor := _vendor_beside(beside)) is not None:
        return f"{vendor}: by header or cookie, status {status}"
    for signature in challenges:
        # Cloudflare's 521 says that the site behind it is down
        if status in signature.statuses and "cloudflare" not in server:
            return f"{signature.vendor}: {signature.name}, by status {status}"
    text = visible_text(body, THIN) if status in REFUSALS else None
    for page in pages if text is not None else ():
        if page.outcome is Outcome.CHALLENGE and (words := _words_of(page, head, text or b"")) is not None:
            return f"unnamed: {page.name}, status {status}: {words}"
    return None


def _by_status(status: int) -> tuple[Outcome, str]:
    said = f"status {status}"
    if status in (404, 410):
        return Outcome.GONE, said
    if status == 403:
        return Outcome.BLOCKED, said
    if status == 429:
        return Outcome.BLOCKED, f"rate: {said}"
    if 400 <= status < 500:
        return Outcome.CLIENT_ERROR, said
    if status >= 500:
        return Outcome.SERVER_ERROR, said
    return Outcome.WRONG_CONTENT, f"{said}, which brings no page"


def _first(words: tuple[tuple[str, Mark], ...], lowered: bytes) -> str | None:
    return next((word for word, mark in words if mark.within(lowered)), None)


def _begins_as_html(body: bytes) -> bool:
    start = body[:2048].removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(b"<") and _HTML_START.search(start) is not None


def _in_body(signature: ChallengeSignature, lowered: bytes) -> bool:
    return any(all(mark.within(lowered) for mark in marks) for marks in signature.body)


def _vendor_beside(headers: Headers) -> str | None:
    """The vendor that a header or a cookie set by the answer belongs to."""
    pairs = [(name.lower(), value.lower()) for name, value in headers]
    cookies = {value.split("=", 1)[0].strip() for name, value in pairs if name == "set-cookie"}
    challenges, _ = _signatures()
    for signature in challenges:
        if any(name == key and part in value for name, value in pairs for key, part in signature.headers):
            return signature.vendor
        if any(cookie in cookies for cookie in signature.cookies):
            return signature.vendor
    return None


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("signatures.toml").read_text(encoding="utf-8"))


@cache
def _proxy_errors() -> dict[str, Outcome]:
    return {error: Outcome(outcome) for outcome, errors in _table()["proxy_errors"].items() for error in errors}


@cache
def _signatures() -> tuple[tuple[ChallengeSignature, ...], tuple[PageSignature, ...]]:
    table = _table()
    return tuple(map(_challenge, table["challenge"])), tuple(map(_page, table["page"]))


def _challenge(row: dict[str, Any]) -> ChallengeSignature:
    return ChallengeSignature(
        vendor=row["vendor"],
        name=row["name"],
        statuses=frozenset(row.get("statuses", ())),
        headers=tuple((name.lower(), part.lower()) for name, part in row.get("headers", {}).items()),
        cookies=tuple(name.lower() for name in row.get("cookies", ())),
        body=tuple(tuple(map(_mark, words)) for words in row.get("body", ())),
    )


def _page(row: dict[str, Any]) -> PageSignature:
    return PageSignature(
        name=row["name"],
        outcome=Outcome(row["outcome"]),
        max_text=row["max_text"],
        title=_words(row.get("title", ())),
        text=_words(row.get("text", ())),
        markup=_words(row.get("markup", ())),
    )


def _words(words: Iterable[str]) -> tuple[tuple[str, Mark], ...]:
    return tuple((word, _mark(word)) for word in words)


def _mark(word: str) -> Mark:
    return Mark(tuple({word.encode("utf-8").lower(), word.encode("gb18030").lower()}))
