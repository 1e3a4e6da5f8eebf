"""A server of saved pages with a fixed latency, on as many loopback addresses as there are hosts to play.

Written on asyncio's transports, so that on two cores it costs a request a tenth of what any client does: what is
measured is the client.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from deployments.portal.bench import bench_network
from deployments.portal.exchange import Asked, Role

PAGE_BYTES = 66 * 1024
"""Mean size of a page of a disclosure site (294 measured)."""


@contextmanager
def page_server(hosts: int, latency: float) -> Iterator[tuple[str, ...]]:
    """Serve ``/1.html``, ``/2.html`` ... on ``hosts`` addresses; yields them as ``127.0.0.x:port``.

    ``latency`` is the time in seconds between a request and its answer. robots.txt is not found there.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, hosts, latency), daemon=True)
    process.start()
    theirs.close()  # so that the end of that process is the end of the pipe
    try:
        yield tuple(ours.recv())
    finally:
        ours.send("stop")
        process.join(10)


def _pages() -> list[bytes]:
    """Answers with pages of the portal, all different, padded to the usual size with the scripts such pages carry."""
    network = bench_network(hosts=1, pages_per_host=50)
    padding = "".join(f"<script>var s{n}={n * 7919 % 104729};</script>\n" for n in range(4000)).encode()
    answers = []
    for address in network.addresses():
        answer = network.answer(Asked("GET", address))
        if answer.role is Role.DETAIL:
            body = answer.body + padding[: max(0, PAGE_BYTES - len(answer.body))]
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
            answers.append(head.encode() + body)
    return answers


_NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"


class _Pages(asyncio.Protocol):
    def __init__(self, answers: list[bytes], latency: float) -> None:
        self._answers, self._latency, self._waiting = answers, latency, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *requests, self._waiting = (self._waiting + data).split(b"\r\n\r\n")
        for request in requests:
            name = request.split(b" ", 2)[1].strip(b"/").partition(b".")
            number = int(name[0]) if name[0].isdigit() else None
            answer = _NOT_FOUND if number is None else self._answers[number % len(self._answers)]
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, answer)


def _serve(pipe: Connection, hosts: int, latency: float) -> None:
    answers = _pages()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        addresses = []
        for number in range(1, hosts + 1):
            server = await loop.create_server(lambda: _Pages(answers, latency), f"127.0.1.{number}", 0)
            addresses.append("{}:{}".format(*server.sockets[0].getsockname()))
        pipe.send(addresses)
        await loop.run_in_executor(None, pipe.recv)

    asyncio.run(run())
