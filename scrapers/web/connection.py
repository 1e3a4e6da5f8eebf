"""Connections for requests/urllib3 that keep a total time limit and never reach a forbidden address.

urllib3 limits the silence between two packets only; a server that drips a byte at a time is never silent. Here every
single read is also limited by the deadline of the request (:func:`deadline`). Addresses are checked on what the name
resolved to, and the very address that was checked is dialled, so that a second answer of the resolver (DNS rebinding)
changes nothing.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Iterator
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


def _dial(connection: HTTPConnection, *, guarded: bool) -> socket.socket:
    """A connected socket to the first address of the connection's host that may be and can be reached."""
    host, port = connection._dns_host, connection.port
    try:
        found = socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except UnicodeError as error:  # a label of more than 63 characters
        raise NameResolutionError(
            connection.host, connection, socket.gaierror(socket.EAI_NONAME, str(error))
        ) from error
    allowed = [info for info in found if not guarded or is_public(str(info[4][0]))]
    if not allowed:
        addresses = ", ".join(sorted({str(info[4][0]) for info in found}))
        raise ForbiddenAddressError(f"{connection.host} is {addresses}, which is not a public address")
    last: OSError | None = None
    for family, kind, protocol, _, address in allowed:
        sock = socket.socket(family, kind, protocol)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            limit = connection.timeout if isinstance(connection.timeout, int | float) else None
            left = time_left()
            sock.settimeout(
                max(0.001, min(limit if limit is not None else left, left)) if left != float("inf") else limit
            )
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        else:
            sock.settimeout(limit)
            return sock
    if isinstance(last, TimeoutError):
        raise ConnectTimeoutError(connection, f"connecting to {connection.host} timed out") from last
    raise NewConnectionError(connection, f"{last}") from last


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
    """Transport adapter of the client. ``guarded``: dial public addresses only (a proxy's own address is free).

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
