"""What bounds a request from the name of the host to the last byte, and over which of its addresses it goes."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scrapers.records import Capture, Outcome, Request
from scrapers.web import connection
from scrapers.web.client import Client
from tests.web.loopback_site import HOSTS, HTML, Seen, Site, redirect, response, serving

NewClient = Callable[..., Client]


def ask(client: Client, url: str, *hosts: str) -> Capture:
    return client.fetch(Request(url), hosts=hosts or HOSTS).capture


@pytest.fixture
def ipv6_site() -> Iterator[Site]:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving(Site(), address="::1") as site:
        yield site


def resolved(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name stands for ``addresses``, in this order."""

    def find(_host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        return [
            (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    monkeypatch.setattr(connection, "_families", {})


@contextlib.contextmanager
def silent_listener(address: str = "127.0.0.1") -> Iterator[int]:
    """A port whose queue of connections is full: the system drops what else comes, as a host behind a firewall."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener, contextlib.ExitStack() as stack:
        listener.bind((address, 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        for _ in range(4):
            filling = stack.enter_context(socket.socket(family))
            filling.setblocking(False)
            filling.connect_ex((address, port))
        yield port


# ---------------------------------------------------------------------------------------------- time


def test_a_host_that_takes_no_connection_is_given_up_after_the_connect_limit(new_client: NewClient) -> None:
    with silent_listener() as port:
        started = time.monotonic()
        client = new_client(connect_timeout=0.2, max_attempts=1, obey_robots=False)
        capture = ask(client, f"http://127.0.0.1:{port}/")
    assert 0.15 < time.monotonic() - started < 2
    assert (capture.outcome, capture.status) == (Outcome.TIMEOUT, None)
    assert "connect 0.2 s" in (capture.detail or "")


def test_the_total_time_limit_holds_for_the_connection_too(new_client: NewClient) -> None:
    with silent_listener() as port:
        started = time.monotonic()
        client = new_client(connect_timeout=5.0, total_timeout=0.2, max_attempts=1, obey_robots=False)
        capture = ask(client, f"http://127.0.0.1:{port}/")
    assert time.monotonic() - started < 3
    assert (capture.outcome, capture.detail) == (Outcome.TIMEOUT, "total time limit of 0.2 s")


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\n", response()[:-500]], ids=["nothing", "head", "body"])
def test_silence_lasts_to_the_total_time_limit_where_that_is_the_shorter(
    site: Site, new_client: NewClient, sent: bytes
) -> None:
    over = threading.Event()

    def fall_silent(_: Seen) -> Iterator[bytes]:
        yield sent
        over.wait(5)

    site.answers["/a"] = fall_silent
    started = time.monotonic()
    client = new_client(read_timeout=10.0, total_timeout=0.3, max_attempts=1, obey_robots=False)
    capture = ask(client, site.url("/a"))
    over.set()
    assert time.monotonic() - started < 3
    assert capture.outcome is Outcome.TIMEOUT
    assert "total time limit of 0.3 s" in (capture.detail or "")


def test_an_answer_that_never_begins_though_the_host_never_falls_silent_is_cut_at_the_total_time_limit(
    site: Site, new_client: NewClient
) -> None:
    """There is always something to read: no read of it ever waits."""
    over = threading.Event()

    def go_on(_: Seen) -> Iterator[bytes]:
        until = time.monotonic() + 5
        while time.monotonic() < until and not over.is_set():
            yield b"HTTP/1.1 100 Continue\r\n\r\n" * 1000

    site.answers["/a"] = go_on
    started = time.monotonic()
    client = new_client(total_timeout=0.3, max_attempts=1, obey_robots=False)
    capture = ask(client, site.url("/a"))
    over.set()
    assert time.monotonic() - started < 3
    assert (capture.outcome, capture.detail) == (Outcome.TIMEOUT, "total time limit of 0.3 s")


def test_a_name_that_is_looked_up_for_ever_is_given_up_after_the_connect_limit(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        hanging.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    client = new_client(connect_timeout=0.2, max_attempts=1, obey_robots=False)
    capture = ask(client, "http://www.demo.test/", "www.demo.test")
    hanging.set()
    assert time.monotonic() - started < 2
    assert capture.outcome is Outcome.TIMEOUT


def test_a_body_that_stalls_is_cut_and_tried_again(site: Site, new_client: NewClient) -> None:
    def stall(seen: Seen) -> Iterator[bytes]:
        yield response()[:-500]
        if seen.count == 1:
            time.sleep(1)
        yield response()[-500:]

    site.answers["/a"] = stall
    capture = ask(new_client(read_timeout=0.2), site.url("/a"))
    assert (capture.outcome, capture.attempts, capture.length) == (Outcome.OK, 2, len(HTML))
    site.answers["/b"] = lambda seen: stall(Seen(**{**vars(seen), "count": 1}))
    capture = ask(new_client(read_timeout=0.2, max_attempts=1), site.url("/b"))
    assert capture.outcome is Outcome.TIMEOUT
    assert "bytes of the body" in (capture.detail or "")


# ---------------------------------------------------------------------------------------------- addresses


def test_a_site_of_ipv6_alone_is_reached(ipv6_site: Site, new_client: NewClient) -> None:
    capture = ask(new_client(), ipv6_site.url("/a", host="[::1]"), "::1")
    assert (capture.outcome, len(ipv6_site.asked("/a"))) == (Outcome.OK, 1)


@pytest.mark.parametrize("swallows", [False, True], ids=["refused", "swallowed"])
def test_an_ipv6_address_that_leads_nowhere_costs_one_try_and_ipv4_is_remembered(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch, swallows: bool
) -> None:
    """The site listens on IPv4; the port is shut, or swallows packets, on IPv6."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(silent_listener("::1")) if swallows else 0
        site = stack.enter_context(serving(Site(), port=port))
        resolved(monkeypatch, "::1", "127.0.0.1")
        dialled: list[str] = []
        connect = socket.socket.connect

        def noted(self: socket.socket, address: tuple[str, int]) -> None:
            dialled.append(address[0])
            connect(self, address)

        monkeypatch.setattr(socket.socket, "connect", noted)
        for _ in range(2):
            client = new_client(connect_timeout=0.6, max_attempts=1, obey_robots=False)
            assert ask(client, site.url("/a", host="www.demo.test"), "www.demo.test").outcome is Outcome.OK
    assert dialled == ["::1", "127.0.0.1", "127.0.0.1"]


def test_of_the_addresses_of_a_name_only_the_public_ones_are_dialled(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolved(monkeypatch, "::1", "10.0.0.1", "93.184.216.34", "169.254.169.254")
    dialled: list[str] = []

    def connect(_: socket.socket, address: tuple[str, int]) -> None:
        dialled.append(address[0])
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    client = new_client(allow_private_addresses=False, obey_robots=False, max_attempts=1)
    assert ask(client, "http://www.demo.test/", "www.demo.test").outcome is Outcome.CONNECTION
    assert dialled == ["93.184.216.34"]


def test_a_redirect_to_a_name_that_resolves_to_a_private_address_is_refused_when_it_is_dialled(
    site: Site, new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first host is let through by name; the one it redirects to stands for the metadata service."""
    names = {"www.demo.test": "127.0.0.1", "cdn.demo.test": "169.254.169.254"}

    def find(host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (names[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", find)
    monkeypatch.setattr(connection, "is_public", lambda address: address == "127.0.0.1")
    site.answers["/a"] = redirect(site.url("/latest/meta-data", host="cdn.demo.test"))
    client = new_client(allow_private_addresses=False, obey_robots=False)
    capture = ask(client, site.url("/a", host="www.demo.test"), "www.demo.test", "cdn.demo.test")
    assert (capture.outcome, [seen.target for seen in site.seen]) == (Outcome.FORBIDDEN_ADDRESS, ["/a"])
    assert "cdn.demo.test is 169.254.169.254" in (capture.detail or "")


# ---------------------------------------------------------------------------------------------- proxies


@contextlib.contextmanager
def tunnelling_proxy(to: int, refusing: bool = False) -> Iterator[tuple[str, list[str]]]:
    """A proxy that opens tunnels (CONNECT) to one loopback port, whatever it is asked for."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[str] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(4096)
                asked.append(head.split(b"\r\n")[0].decode())
                if refusing:
                    client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", to))
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                threading.Thread(target=_pipe, args=(client, server), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _pipe(one: socket.socket, other: socket.socket) -> None:
    with one, other, contextlib.suppress(OSError):
        while True:
            for ready in select.select([one, other], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (other if ready is one else one).sendall(data)


def test_an_encrypted_site_is_reached_through_a_proxys_tunnel_with_its_certificate_checked(
    tmp_path: Path, new_client: NewClient
) -> None:
    from tests.web.test_web_tls import certificate, server_context

    pem = certificate(tmp_path, 2048)
    with serving(Site(), server_context(pem)) as site, tunnelling_proxy(site.port) as (proxy, asked):
        trusting = new_client(proxy=proxy, ca_bundle=str(pem), obey_robots=False)
        assert ask(trusting, site.url("/a")).outcome is Outcome.OK
        assert asked[0].startswith(f"CONNECT 127.0.0.1:{site.port} ")
        strict = new_client(proxy=proxy, obey_robots=False)
        assert ask(strict, site.url("/a")).outcome is Outcome.TLS


def test_a_proxy_that_refuses_a_tunnel_is_a_failed_connection(new_client: NewClient) -> None:
    with tunnelling_proxy(1, refusing=True) as (proxy, _):
        capture = ask(
            new_client(proxy=proxy, obey_robots=False, max_attempts=1), "https://www.demo.test/", "www.demo.test"
        )
    assert (capture.outcome, "403" in (capture.detail or "")) == (Outcome.CONNECTION, True)


# ---------------------------------------------------------------------------------------------- pages that forward


def test_two_pages_that_forward_to_each_other_are_a_loop(site: Site, new_client: NewClient) -> None:
    forward = '<html><head><meta http-equiv="refresh" content="0; url={}"></head></html>'
    site.answers |= {"/a": response(forward.format("/b").encode()), "/b": response(forward.format("/a").encode())}
    capture = ask(new_client(), site.url("/a"))
    assert (capture.outcome, len(site.seen)) == (Outcome.REDIRECT_LOOP, 3)


def test_addresses_of_one_host_in_other_spellings_keep_one_pace(site: Site, new_client: NewClient) -> None:
    client = new_client(obey_robots=False)
    for address in ("http://127.0.0.1:{}/1", "http://somebody@127.0.0.1:{}/2", "HTTP://127.0.0.1:{}/3"):
        request = Request(address.format(site.port))
        assert client.fetch(request, hosts=HOSTS, pace_seconds=0.2).capture.outcome is Outcome.OK
    first, second, third = (seen.at for seen in site.seen)
    assert min(second - first, third - second) >= 0.2 * 0.95
