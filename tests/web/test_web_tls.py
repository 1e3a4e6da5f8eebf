"""The TLS ladder: the strict context first, the legacy one only where it is needed, remembered for the host."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scrapers.records import Outcome, Request
from scrapers.web import connection
from scrapers.web.client import Client
from scrapers.web.wire import Wire
from tests.web.loopback_site import HOSTS, Site, serving


def certificate(folder: Path, bits: int) -> Path:
    """A self-signed certificate for 127.0.0.1 and its key in one file; keys of 1024 bits need OpenSSL's level 1."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    key, crt, both = (folder / f"{bits}.{kind}" for kind in ("key", "crt", "pem"))
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(crt)),
        ],
        check=True,
        capture_output=True,
    )
    both.write_text(key.read_text() + crt.read_text())
    return both


def server_context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(pem)
    return context


def test_a_good_host_is_asked_with_the_strict_context_only(
    tmp_path: Path, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, 2048)

    def never(*_: object) -> None:
        raise AssertionError("the legacy context was used for a host that does not need it")

    monkeypatch.setattr(Wire, "_through_legacy", never)
    with serving(Site(), server_context(pem)) as site:
        capture = new_client(ca_bundle=str(pem)).fetch(Request(site.url("/a")), hosts=HOSTS).capture
    assert capture.outcome is Outcome.OK


def test_a_legacy_host_is_reached_and_remembered(
    tmp_path: Path, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, 1024)
    ladder: list[str] = []
    climb = Wire._through_legacy

    def counted(self: Wire, *args: object) -> object:
        ladder.append("legacy")
        return climb(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Wire, "_through_legacy", counted)
    with serving(Site(), server_context(pem)) as site:
        client = new_client(ca_bundle=str(pem))
        outcomes = [client.fetch(Request(site.url(path)), hosts=HOSTS).capture.outcome for path in ("/a", "/b", "/c")]
    assert outcomes == [Outcome.OK] * 3
    assert ladder == ["legacy"]  # by the request for robots.txt; then remembered


def test_a_certificate_nobody_vouches_for_is_a_tls_failure(tmp_path: Path, new_client: Callable[..., Client]) -> None:
    with serving(Site(), server_context(certificate(tmp_path, 2048))) as site:
        capture = new_client(obey_robots=False).fetch(Request(site.url("/a")), hosts=HOSTS).capture
    assert (capture.outcome, capture.attempts) == (Outcome.TLS, 1)
    assert "strict: " in (capture.detail or "")
    assert "; legacy: " in (capture.detail or "")
    assert "self-signed" in (capture.detail or "").lower()


def stands_for(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """A name stands for the first address when it is looked up first, for the second one then; the last one stays."""
    left = list(addresses)

    def find(_host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        address = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", find)


def test_an_encrypted_host_that_resolves_to_a_private_address_is_not_dialled(
    tmp_path: Path, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    stands_for(monkeypatch, "127.0.0.1")
    with serving(Site(), server_context(certificate(tmp_path, 2048))) as site:
        client = new_client(allow_private_addresses=False, obey_robots=False)
        capture = client.fetch(Request(site.url("/a", host="www.demo.test")), hosts=("www.demo.test",)).capture
    assert (capture.outcome, site.connections) == (Outcome.FORBIDDEN_ADDRESS, 0)
    assert "www.demo.test is 127.0.0.1" in (capture.detail or "")


def test_the_second_rung_dials_no_private_address_either(
    tmp_path: Path, new_client: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first address passes for a public one; the second look-up, for the legacy context, gives a private one."""
    stands_for(monkeypatch, "127.0.0.1", "127.0.0.2")
    monkeypatch.setattr(connection, "is_public", lambda address: address == "127.0.0.1")
    with serving(Site(), server_context(certificate(tmp_path, 1024))) as site:
        client = new_client(allow_private_addresses=False, obey_robots=False)
        capture = client.fetch(Request(site.url("/a", host="www.demo.test")), hosts=("www.demo.test",)).capture
    assert (capture.outcome, site.connections) == (Outcome.FORBIDDEN_ADDRESS, 1)
    assert "www.demo.test is 127.0.0.2" in (capture.detail or "")


def test_a_host_without_tls_is_a_tls_failure(new_client: Callable[..., Client]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer_in_plain_text() -> None:
        for _ in ("strict", "legacy"):
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = threading.Thread(target=answer_in_plain_text)
    thread.start()
    with listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/a"
        capture = new_client(obey_robots=False).fetch(Request(url), hosts=HOSTS).capture
        thread.join()
    assert (capture.outcome, capture.attempts) == (Outcome.TLS, 1)
