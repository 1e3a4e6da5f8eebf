"""Connections for requests/urllib3 that keep a total time limit and never reach a forbidden address.

urllib3 limits the silence between two packets only; a server that drips a byte at a time is never silent. Here every
single read is also limited by the deadline of the request (:func:`deadline`). Addresses are checked on what the name
resolved to, and the very address that was checked is dialled, so that a second answer of the resolver (DNS rebinding)
changes nothing.
"""

from __future__ import annotations

import http.client
import io
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from scrapers.web.addresses import ForbiddenAddressError, is_public

LEGACY_CIPHERS = "DEFAULT:@SECLEVEL=1"
OP_LEGACY_SERVER_CONNECT = 0x4
"""OpenSSL 3 refuses servers without secure renegotiation (RFC 5746) unless this is set; ``ssl`` names it from Python
3.12 on."""

_deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything that is read or dialled within ends in ``TimeoutError`` once ``seconds`` have passed."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def time_left() -> float:
    """Seconds to the deadline, at most 0 when it has passed."""
    return _deadline.get() - time.monotonic()


class _LimitedReader(io.RawIOBase):
    """Reads of a socket, each limited by the socket's own timeout and by the deadline."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._silence = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = time_left()
        if left <= 0:
            raise TimeoutError("total time limit")
        self._sock.settimeout(left if self._silence is None else min(self._silence, left))
        return self._raw.readinto(buffer)

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


class _LimitedResponse(http.client.HTTPResponse):
    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        self.fp = io.BufferedReader(_LimitedReader(self.fp.detach(), sock))
        self.peer = _peer(sock)
        """Numeric address of who answers: the server, or the proxy before it."""


def _peer(sock: socket.socket) -> str | None:
    try:
        return str(sock.getpeername()[0])
    except OSError:  # reset a moment ago
        return None


_Info = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]

_families: dict[str, socket.AddressFamily] = {}
"""The address family by which a host was reached last: where the other one leads nowhere, that is found out once."""


def _dial(connection: HTTPConnection, *, guarded: bool) -> socket.socket:
    """A connected socket to the first address of the connection's host that may be and can be reached.

    The connection's timeout is for all of it: finding the name, then the addresses, each with its share of what is
    left, so that an IPv6 address that swallows packets leaves time for the IPv4 one.
    """
    host = connection._dns_host
    limit = connection.timeout if isinstance(connection.timeout, int | float) else None
    until = time.monotonic() + min(time_left(), float("inf") if limit is None else limit)
    found = _resolve(connection, until)
    allowed = [info for info in found if not guarded or is_public(str(info[4][0]))]
    if not allowed:
        addresses = ", ".join(sorted({str(info[4][0]) for info in found}))
        raise ForbiddenAddressError(f"{connection.host} is {addresses}, which is not a public address")
    allowed.sort(key=lambda info: info[0] != _families.get(host, info[0]))
    last: OSError | None = None
    for tried, (family, kind, protocol, _, address) in enumerate(allowed):
        sock = socket.socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            left = max(0.001, until - time.monotonic())
            sock.settimeout(None if left == float("inf") else left / (len(allowed) - tried))
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        else:
            sock.settimeout(limit)
            _families[host] = family
            return sock
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, f"connecting to {connection.host} timed out") from last
    raise NewConnectionError(connection, f"{last}") from last


def _resolve(connection: HTTPConnection, until: float) -> Sequence[_Info]:
    """What the name stands for; ``getaddrinfo`` knows no time limit, so it is asked from a thread that may be left
    behind."""
    answers: queue.SimpleQueue[Sequence[_Info] | OSError] = queue.SimpleQueue()
    host, port = connection._dns_host, connection.port

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
        except OSError as error:
            answers.put(error)
        except UnicodeError as error:  # a label of more than 63 characters
            answers.put(socket.gaierror(socket.EAI_NONAME, str(error)))
        else:
            answers.put(found)

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    left = until - time.monotonic()
    try:
        answer = answers.get(timeout=None if left == float("inf") else max(0.001, left))
    except queue.Empty:
        raise ConnectTimeoutError(connection, f"the name {host} was not found in time") from None
    if isinstance(answer, socket.gaierror):
        raise NameResolutionError(connection.host, connection, answer) from answer
    if isinstance(answer, OSError):
        raise answer
    return answer


class _Connection(HTTPConnection):
    response_class = _LimitedResponse

    def _new_conn(self) -> socket.socket:
        return _dial(self, guarded=False)


class _TLSConnection(HTTPSConnection):
    response_class = _LimitedResponse

    def _new_conn(self) -> socket.socket:
        return _dial(self, guarded=False)


class _GuardedConnection(_Connection):
    def _new_conn(self) -> socket.socket:
        return _dial(self, guarded=True)


class _GuardedTLSConnection(_TLSConnection):
    def _new_conn(self) -> socket.socket:
        return _dial(self, guarded=True)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = _GuardedConnection


class _GuardedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _GuardedTLSConnection


class LimitedAdapter(HTTPAdapter):
    """Transport adapter of the client. ``guarded``: dial public addresses only. A proxy's own address may be any, and
    what a name resolves to behind it is the proxy's to guard: there only spelled-out addresses are refused.

    ``legacy_tls``: the second rung of the TLS ladder, for servers that OpenSSL 3 refuses: weaker keys and digests
    (security level 1) and no secure renegotiation. Certificates are still verified. Some modern servers hang under
    it, so it is never the first.
    """

    def __init__(self, *, guarded: bool, legacy_tls: bool = False) -> None:
        self._guarded = guarded
        self._tls_context = _legacy_context() if legacy_tls else None
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **self._with_context(kwargs))
        classes: dict[str, type[HTTPConnectionPool]] = {"http": _Pool, "https": _TLSPool}
        if self._guarded:
            classes = {"http": _GuardedPool, "https": _GuardedTLSPool}
        self.poolmanager.pool_classes_by_scheme = classes

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **self._with_context(kwargs))
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}
        return manager

    def _with_context(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return kwargs if self._tls_context is None else {**kwargs, "ssl_context": self._tls_context}


def _legacy_context() -> ssl.SSLContext:
    context = create_urllib3_context(ciphers=LEGACY_CIPHERS)
    context.options |= OP_LEGACY_SERVER_CONNECT
    return context
