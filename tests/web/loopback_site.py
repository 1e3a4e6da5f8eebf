"""A site on loopback that answers byte for byte what a test says, also what no web server would."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

PAGE = "<!doctype html><html><head><title>报告</title></head><body><p>{}</p></body></html>".format("法治政府建设" * 120)
HTML = PAGE.encode()
HOSTS = ("127.0.0.1",)


@dataclass(frozen=True)
class Seen:
    """One request as it came in. ``count``: how often its path has been asked, this time included."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    count: int
    at: float


Answer = Callable[[Seen], "bytes | Iterable[bytes]"]


def response(
    body: bytes = HTML, status: str = "200 OK", content_type: str = "text/html; charset=utf-8", **headers: str
) -> bytes:
    """A whole, correct response. Header names are given with ``_`` for ``-``."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(target: str, status: str = "302 Found", **headers: str) -> bytes:
    return response(b"", status, Location=target, **headers)


@dataclass
class Site:
    """``answers``: path (without query) -> bytes, or a function of the request.

    robots.txt is missing unless given.
    """

    answers: dict[str, bytes | Answer] = field(default_factory=dict)
    default: bytes | Answer = b""
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    scheme: str = "http"

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.target.split("?")[0] == path]

    def _answer(self, seen: Seen) -> bytes | Iterable[bytes]:
        path = seen.target.split("?")[0]
        missing = response(b"no", "404 Not Found") if path == "/robots.txt" else (self.default or response())
        answer = self.answers.get(path, missing)
        return answer(seen) if callable(answer) else answer

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split(" ", 2)
                headers = {}
                while (header := stream.readline().strip()) != b"":
                    name, _, value = header.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                if target.startswith("http://"):  # asked as a proxy
                    target = "/" + target.split("/", 3)[3]
                path = target.split("?")[0]
                seen = Seen(method, target, headers, body, len(self.asked(path)) + 1, time.monotonic())
                self.seen.append(seen)
                answer = self._answer(seen)
                if isinstance(answer, bytes):
                    connection.sendall(answer)
                    if b"content-length" not in answer.lower() or b"connection: close" in answer.lower():
                        return
                else:
                    for piece in answer:
                        connection.sendall(piece)
                    return


@contextmanager
def serving(
    site: Site, context: ssl.SSLContext | None = None, *, address: str = "127.0.0.1", port: int = 0
) -> Iterator[Site]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family)
    site.port = listener.getsockname()[1]
    site.scheme = "https" if context else "http"
    open_connections: list[socket.socket] = []

    def serve(connection: socket.socket) -> None:
        open_connections.append(connection)
        site.connections += 1
        try:
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
                open_connections.append(connection)
            site._serve(connection)
        except (OSError, ValueError):
            connection.close()  # the client hung up, or spoke no HTTP

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield site
    finally:
        # shutdown wakes accept(); close alone would leave it waiting
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_connections:
            connection.close()
