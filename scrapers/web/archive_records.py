"""What is written of a capture, as WARC 1.1 records (ISO 28500:2017): pure functions from an exchange to bytes.

A capture event is a ``response`` or, where the payload is in the archive already, a ``revisit``, and its ``request``,
tied by ``WARC-Concurrent-To``; a request that got no answer is a ``metadata`` record.
"""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass
from datetime import UTC, datetime

from scrapers.web import warc
from scrapers.web.exchange import Exchange

IDENTICAL_PAYLOAD = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
"""Profiles of a revisit, ISO 28500:2017 6.7.2 and 6.7.3."""

RESPONSE_TYPE = "application/http; msgtype=response"
REQUEST_TYPE = "application/http; msgtype=request"
FIELDS_TYPE = "application/warc-fields"


@dataclass(frozen=True, slots=True)
class Original:
    """A response of the archive whose payload a revisit refers to, as its record states it."""

    record_id: str
    url: str
    date: str
    """``WARC-Date`` as written."""
    payload_digest: str
    """``sha1:`` and Base32, checked against the payload."""
    warc_file: str
    offset: int


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """What a file's ``warcinfo`` says of whoever writes it."""

    run_id: str
    user_agent: str
    obeys_robots: bool = True


def warcinfo(name: str, origin: FileOrigin, group: str) -> tuple[str, bytes]:
    """Identifier and bytes of the record that begins the file ``name`` of a host group."""
    lines = [
        ("software", f"nianbao/{importlib.metadata.version('nianbao')} Python/{platform.python_version()}"),
        ("format", "WARC File Format 1.1"),
        ("conformsTo", "https://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"),
        ("isPartOf", origin.run_id),
        ("http-header-user-agent", origin.user_agent),
        ("robots", "rfc9309" if origin.obeys_robots else "ignore"),
        ("hostname", platform.node()),
    ]
    if group:
        lines.append(("nianbao-host-group", group))
    record_id = warc.new_record_id()
    payload = warc.fields_block(lines)
    data = warc.record_bytes(
        "warcinfo", record_id, datetime.now(UTC), FIELDS_TYPE, payload=payload, fields=(("WARC-Filename", name),)
    )
    return record_id, data


def response(exchange: Exchange, record_id: str, warcinfo_id: str) -> bytes:
    """The answer, whole."""
    fields = _common(exchange, warcinfo_id)
    if exchange.truncated is not None:
        fields.append(("WARC-Truncated", exchange.truncated))
    fields.append(("WARC-Payload-Digest", warc.digest(exchange.body)))
    return warc.record_bytes(
        "response",
        record_id,
        exchange.at,
        RESPONSE_TYPE,
        http_head=_response_head(exchange),
        payload=exchange.body,
        fields=tuple(fields),
    )


def revisit(exchange: Exchange, record_id: str, warcinfo_id: str, original: Original) -> bytes:
    """An answer whose payload is that of ``original``: its headers, and where the payload stands.

    ``WARC-Refers-To-Filename`` and ``WARC-Refers-To-File-Offset`` are no fields of the standard (Heritrix writes them
    too): with them a payload is found without any index.
    """
    not_modified = exchange.status == 304
    fields = [
        *_common(exchange, warcinfo_id),
        ("WARC-Profile", NOT_MODIFIED if not_modified else IDENTICAL_PAYLOAD),
        ("WARC-Refers-To", f"<{original.record_id}>"),
        ("WARC-Refers-To-Target-URI", original.url),
        ("WARC-Refers-To-Date", original.date),
        ("WARC-Refers-To-Filename", original.warc_file),
        ("WARC-Refers-To-File-Offset", str(original.offset)),
        ("WARC-Payload-Digest", original.payload_digest),
    ]
    if not not_modified:
        fields.append(("WARC-Truncated", "length"))  # demanded where the payload is left out, 6.7.2
    return warc.record_bytes(
        "revisit", record_id, exchange.at, RESPONSE_TYPE, http_head=_response_head(exchange), fields=tuple(fields)
    )


def request(exchange: Exchange, response_id: str, warcinfo_id: str) -> bytes:
    """What was sent to get the response or revisit ``response_id``."""
    return warc.record_bytes(
        "request",
        warc.new_record_id(),
        exchange.at,
        REQUEST_TYPE,
        http_head=warc.http_head(f"{exchange.method} {exchange.target} HTTP/1.1", exchange.request_headers),
        payload=exchange.request_body,
        fields=(*_common(exchange, warcinfo_id), ("WARC-Concurrent-To", f"<{response_id}>")),
    )


def failure(url: str, at: datetime, outcome: str, detail: str, record_id: str, warcinfo_id: str) -> bytes:
    """That a request for ``url`` got no answer, and why."""
    return warc.record_bytes(
        "metadata",
        record_id,
        at,
        FIELDS_TYPE,
        payload=warc.fields_block([("outcome", outcome), ("detail", detail)]),
        fields=(("WARC-Target-URI", url), ("WARC-Warcinfo-ID", f"<{warcinfo_id}>")),
    )


def _common(exchange: Exchange, warcinfo_id: str) -> list[tuple[str, str]]:
    fields = [("WARC-Target-URI", exchange.url), ("WARC-Warcinfo-ID", f"<{warcinfo_id}>")]
    if exchange.ip is not None:
        fields.append(("WARC-IP-Address", exchange.ip))
    return fields


def _response_head(exchange: Exchange) -> bytes:
    return warc.http_head(f"{exchange.protocol} {exchange.status} {exchange.reason}", exchange.headers)
