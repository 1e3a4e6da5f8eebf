"""An HTTP/1.1 forward proxy on loopback that itself answers for every host of a network.

One thread runs an event loop; a connection costs no thread, an answer that waits or drips costs a timer. The parser
takes what HTTP clients send and refuses the rest by name: it is a stage for tests and benchmarks, not a proxy for the
open web.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
import weakref
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from types import TracebackType
from typing import NamedTuple

from deployments.portal.changes import Changes
from deployments.portal.exchange import AT_ONCE, Answer, Asked, Delivery, End, Role, plain_answer
from deployments.portal.faults import FAULTS, Fault, Injected, Tunnel, fault
from deployments.portal.faults.at_random import AtRandom
from deployments.portal.network import Network

MAX_HEAD = 64 * 1024
"""Bytes of a request line with its headers; more is refused with 431."""
MAX_BODY = 1024 * 1024
"""Bytes of a request's body; more is refused with 413."""
MOST_SENT = 256 * 1024 * 1024
"""Bytes after which a body without end has one."""
_LINGER_NOT = struct.pack("ii", 1, 0)
"""A socket closed under this option sends a RST in place of a FIN."""
_BEFORE_RESET = 0.05
"""Seconds for what was sent to arrive before the reset does."""


@lru_cache(maxsize=2)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)


class Access(NamedTuple):
    """One line of the access log."""

    at: float
    """When the request had arrived in full, Unix seconds."""
    method: str
    url: str
    status: int
    body: bytes = b""
    """Of the request: programs are asked for every page of a list at one address."""


class _Connection(asyncio.Protocol):
    """One client: requests are answered one after the other, in their order."""

    def __init__(self, handle: Callable[[Asked], Answer], tunnel_to: Callable[[str], Tunnel | None]) -> None:
        self._handle = handle
        self._tunnel_to = tunnel_to
        self._tunnel: Tunnel | None = None
        self._tunnelled = 0
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def abort(self) -> None:
        """Drop the client without a further byte."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._tunnel is not None:
            sent = self._tunnel(data, self._tunnelled)
            self._tunnelled += 1
            self._write(sent or b"", keep=sent is not None)
            return
        self._buffer += data
        self._next()

    def _next(self) -> None:
        while not self._busy and self._transport is not None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD:
                    self._refuse(431, "the request's headers are longer than this portal reads")
                return
            lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
            words = lines[0].split(" ")
            if len(words) != 3 or not words[2].startswith("HTTP/1."):
                return self._refuse(400, f"this is no HTTP/1.1 request line: {lines[0][:200]!r}")
            method, target, version = words
            headers = {name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines[1:])}
            if method == "CONNECT":
                self._tunnel = self._tunnel_to(target.rpartition(":")[0].lower())
                if self._tunnel is not None:
                    self._buffer.clear()
                    return self._write(b"HTTP/1.1 200 Connection established\r\n\r\n", keep=True)
                return self._refuse(
                    501, f"no tunnel to {target}: the portal speaks plain HTTP only; write http:// in the address"
                )
            if "transfer-encoding" in headers:
                return self._refuse(501, "the portal takes request bodies by Content-Length only")
            length = headers.get("content-length", "0")
            if not length.isdigit() or int(length) > MAX_BODY:
                return self._refuse(413, f"Content-Length: {length} is no length this portal takes")
            start = end + 4
            if len(self._buffer) < start + int(length):
                return
            body = bytes(self._buffer[start : start + int(length)])
            del self._buffer[: start + int(length)]
            url = target if "://" in target else f"http://{headers.get('host', '')}{target}"
            answer = self._handle(Asked(method, url, headers, body))
            keep = version != "HTTP/1.0" and headers.get("connection", "").lower() != "close"
            self._send(answer, head_only=method == "HEAD", keep=keep)

    def _refuse(self, status: int, message: str) -> None:
        self._send(plain_answer(status, message + "\n"), head_only=False, keep=False)

    def _send(self, answer: Answer, *, head_only: bool, keep: bool) -> None:
        head = [f"HTTP/1.1 {answer.status} {answer.reason}"]
        head += [f"{name}: {value}" for name, value in answer.headers]
        if answer.status not in (204, 304):
            head.append(f"Content-Length: {len(answer.body)}")
        head.append(f"Date: {_http_date(int(time.time()))}")
        if not keep:
            head.append("Connection: close")
        start = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
        body = b"" if head_only or answer.status in (204, 304) else answer.body
        if answer.delivery == AT_ONCE:
            self._write(start + body, keep=keep)
            return
        self._busy = True
        self._later(answer.delivery.delay, lambda: self._deliver(start, body, answer.delivery, keep=keep))

    def _deliver(self, start: bytes, body: bytes, delivery: Delivery, *, keep: bool) -> None:
        if self._transport is None:
            return
        if delivery.raw is not None:
            start, body, keep = delivery.raw, b"", False
        if delivery.cut_at is not None:
            body, keep = body[: delivery.cut_at], False
        if delivery.endless and delivery.piece is not None:
            start = start.replace(b"Content-Length:", b"X-Length:", 1)
            body, keep = body * (delivery.piece // max(len(body), 1) + 1), False
            self._transport.write(start)
            self._later(delivery.pause, lambda: self._deliver_on(body, delivery, 0))
            return
        if delivery.piece is None or len(body) <= delivery.piece:
            if delivery.end is not None:
                self._end_against_the_rules(start + body, delivery.end)
                return
            self._busy = False
            self._write(start + body, keep=keep)
            self._next()
            return
        self._transport.write(start + body[: delivery.piece])
        rest = Delivery(piece=delivery.piece, pause=delivery.pause, end=delivery.end)
        self._later(delivery.pause, lambda: self._deliver(b"", body[rest.piece :], rest, keep=keep))

    def _deliver_on(self, body: bytes, delivery: Delivery, sent: int) -> None:
        """Send a piece of ``body`` again and again: the client hangs up, or the limit ends it."""
        if self._transport is None:
            return
        if sent >= MOST_SENT:
            self._write(b"", keep=False)
            return
        piece = body[: delivery.piece]
        if self._transport.get_write_buffer_size() < 4 * len(piece):
            self._transport.write(piece)
            sent += len(piece)
        self._later(delivery.pause, lambda: self._deliver_on(body, delivery, sent))

    def _end_against_the_rules(self, last: bytes, end: End) -> None:
        """Send the last bytes and leave the connection open for ever, or tear it down."""
        if self._transport is None:
            return
        if last:
            self._transport.write(last)
        if end is End.RESET:
            self._later(_BEFORE_RESET if last else 0.0, self._reset)

    def _reset(self) -> None:
        if self._transport is not None:
            connection: socket.socket = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            self._transport.abort()

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _write(self, data: bytes, *, keep: bool) -> None:
        if self._transport is None:
            return
        self._transport.write(data)
        if not keep:
            self._transport.close()
            self._transport = None


class Portal:
    """A network of sites behind one loopback port. Use as a context manager, or ``start`` and ``stop``.

    ``log`` holds one :class:`Access` a request, in the order of arrival. Everything may be called from any thread
    while requests come in.
    """

    def __init__(self, network: Network, port: int = 0) -> None:
        self.network = network
        self.log: list[Access] = []
        self.changes = Changes()
        self._asked_port = port
        self._faults: list[Injected | AtRandom] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._port: int | None = None

    # ------------------------------------------------------------------ life

    def start(self) -> Portal:
        """Listen. Raises ``OSError`` where the port is taken."""
        if self._thread is not None:
            raise RuntimeError("this portal is running already")
        ready = threading.Event()
        failure: list[OSError] = []
        self._thread = threading.Thread(target=self._run, args=(ready, failure), name="portal", daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            self._thread.join()
            self._thread = None
            raise failure[0]
        return self

    def stop(self) -> None:
        """Close the port and every connection; the log stays."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop = self._thread = None

    def __enter__(self) -> Portal:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, ready: threading.Event, failure: list[OSError]) -> None:
        loop = asyncio.new_event_loop()
        connections: weakref.WeakSet[_Connection] = weakref.WeakSet()

        def connection() -> _Connection:
            new = _Connection(self.answer, self.tunnel_to)
            connections.add(new)
            return new

        try:
            server = loop.run_until_complete(
                loop.create_server(connection, "127.0.0.1", self._asked_port, backlog=1024)
            )
        except OSError as error:
            failure.append(error)
            ready.set()
            loop.close()
            return
        self._port = int(server.sockets[0].getsockname()[1])
        self._loop = loop
        ready.set()
        try:
            loop.run_forever()
        finally:
            server.close()
            for open_connection in list(connections):
                open_connection.abort()
            loop.run_until_complete(server.wait_closed())
            loop.close()

    # ------------------------------------------------------------------ where

    @property
    def port(self) -> int:
        if self._port is None:
            raise RuntimeError("this portal has not been started; use it as a context manager or call start()")
        return self._port

    @property
    def url(self) -> str:
        """Address of the proxy, for ``NIANBAO_PROXY`` or the ``proxies`` of requests."""
        return f"http://127.0.0.1:{self.port}"

    # ------------------------------------------------------------------ what it does to its visitors

    def inject(
        self, name: str, *, host: str | None = None, path: str | None = None, roles: frozenset[Role] | None = None
    ) -> None:
        """Spoil, from now on, the answers of all hosts or of one, all paths or one, by the fault of that name.

        ``roles`` narrows it to some of the answers that it touches.

        Raises :class:`deployments.portal.faults.UnknownFaultError`, and ``LookupError`` for a host nobody serves.
        """
        chosen: Fault = fault(name)
        if host is not None and host not in self.network:
            raise LookupError(f"no site {host} in this network; it has {', '.join(self.network.hosts)}")
        self._faults = [*self._faults, Injected(chosen, host, path, roles)]

    def inject_at_random(self, share: float, *, without: frozenset[str] = frozenset(), seed: int = 0) -> AtRandom:
        """Spoil a share of all answers, each by a fault drawn from all that touch it; gives what counts them."""
        at_random = AtRandom((one for one in FAULTS.values() if one.name not in without), share, seed)
        self._faults = [*self._faults, at_random]
        return at_random

    def heal(self) -> None:
        """Take all faults back."""
        self._faults = []

    def replace(self, url: str, body: bytes | str) -> None:
        """Let the page at ``url`` have another body from now on (text is sent as UTF-8)."""
        self.changes.replace(url, body)

    def remove(self, url: str) -> None:
        """Let ``url`` answer 404 from now on; list rows that lead there stay."""
        self.changes.remove(url)

    def restore(self, url: str) -> None:
        """Take back what was done to ``url``."""
        self.changes.restore(url)

    # ------------------------------------------------------------------ answering

    def tunnel_to(self, host: str) -> Tunnel | None:
        """What answers behind a tunnel to ``host``; ``None``: there is none."""
        return next((tunnel for one in self._faults if (tunnel := one.tunnel_to(host)) is not None), None)

    def answer(self, asked: Asked) -> Answer:
        """The answer to one request, with changes and faults applied; writes the access log."""
        at = time.time()
        answer = self._answer(asked)
        self.log.append(Access(at, asked.method, asked.url, answer.status, asked.body))
        return answer

    def _answer(self, asked: Asked) -> Answer:
        if asked.host == f"127.0.0.1:{self._port}":
            return plain_answer(200, self.directions())
        if asked.host not in self.network:
            return plain_answer(
                502, f"unknown host {asked.host}: this portal knows {', '.join(self.network.hosts) or 'no host'}\n"
            )
        if asked.method not in ("GET", "HEAD", "POST"):
            return plain_answer(405, f"{asked.method} is nothing these sites answer\n")
        answer = self.changes.apply(asked, self.network.answer(asked))
        if answer.status == 200 and _unchanged(asked, answer):
            kept = tuple(pair for pair in answer.headers if pair[0] in ("ETag", "Last-Modified"))
            answer = Answer(304, b"", kept, answer.role, delivery=answer.delivery)
        for injected in self._faults:
            if injected.lets_publish(asked, answer):
                self.network.publish(asked.host)
            answer = injected.apply(asked, answer)
        return answer

    def directions(self) -> str:
        """What is served here and how to use it, for a person."""
        hosts = "\n".join(f"  http://{host}/" for host in self.network.hosts)
        return (
            f"Loopback network of {len(self.network.hosts)} disclosure sites, as an HTTP proxy at {self.url}\n{hosts}\n"
            f"Crawl them:  NIANBAO_PROXY={self.url} nianbao crawl\n"
            f"Look around: curl -x {self.url} http://{next(iter(self.network.hosts), 'host')}/\n"
        )


def _unchanged(asked: Asked, answer: Answer) -> bool:
    """RFC 9110, 13.1: ``If-None-Match`` decides where it is sent, else ``If-Modified-Since`` (compared as text)."""
    tag, date = answer.header("ETag"), answer.header("Last-Modified")
    if wanted := asked.headers.get("if-none-match"):
        return tag is not None and tag in [one.strip().removeprefix("W/") for one in wanted.split(",")]
    since = asked.headers.get("if-modified-since")
    return since is not None and since == date
