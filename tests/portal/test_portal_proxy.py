"""The portal as a proxy: what any HTTP client may expect of it."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable

import pytest
import requests

from deployments.portal import Answer, Asked, Network, Portal, demo_network

Visitor = Callable[[Portal], requests.Session]


class OnePage:
    """A site of one page that echoes what it was asked."""

    host = "www.echo-demo.gov.cn"

    def addresses(self) -> tuple[str, ...]:
        return (f"http://{self.host}/",)

    def answer(self, asked: Asked) -> Answer:
        text = f"{asked.method} {asked.path} {sorted(asked.parameters.items())}"
        return Answer(200, text.encode(), (("Content-Type", "text/plain; charset=utf-8"),))


def first_detail(network: Network, host: str) -> str:
    return next(url for url in network.addresses() if host in url and "/art_" in url)


def test_every_address_of_the_network_answers_and_is_logged(network: Network, portal: Portal, visitor: Visitor) -> None:
    session = visitor(portal)
    before = len(portal.log)
    addresses = [f"http://{host}/" for host in network.hosts]
    for address in addresses:
        assert session.get(address, timeout=5).status_code == 200
    assert [(line.method, line.url, line.status) for line in portal.log[before:]] == [
        ("GET", address, 200) for address in addresses
    ]
    times = [line.at for line in portal.log[before:]]
    assert times == sorted(times)


def test_an_unknown_host_is_a_502_that_names_it(portal: Portal, visitor: Visitor) -> None:
    answer = visitor(portal).get("http://www.nirgendwo.gov.cn/index.html", timeout=5)
    assert answer.status_code == 502
    assert "www.nirgendwo.gov.cn" in answer.text


def test_a_tunnel_is_refused_with_a_reason(portal: Portal) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=5)
    connection.request("CONNECT", "www.qinghe-demo.gov.cn:443")
    answer = connection.getresponse()
    assert answer.status == 501
    assert "http://" in answer.read().decode()
    connection.close()


def test_asked_without_a_site_the_portal_tells_how_to_use_it(portal: Portal) -> None:
    answer = requests.get(portal.url, timeout=5, proxies={"http": ""})
    assert f"NIANBAO_PROXY={portal.url}" in answer.text
    assert "www.qinghe-demo.gov.cn" in answer.text


def test_a_connection_is_kept_over_requests(network: Network, portal: Portal) -> None:
    with socket.create_connection(("127.0.0.1", portal.port), timeout=5) as client:
        host = network.hosts[0]
        for _ in range(3):
            client.sendall(f"GET http://{host}/robots.txt HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = client.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"Connection: close" not in answer


def test_requests_sent_at_once_are_answered_in_their_order() -> None:
    with Portal(Network([OnePage()])) as portal, socket.create_connection(("127.0.0.1", portal.port)) as client:
        sent = b"".join(f"GET http://{OnePage.host}/{n} HTTP/1.1\r\n\r\n".encode() for n in range(5))
        client.sendall(sent[:70])
        client.sendall(sent[70:])
        client.settimeout(5)
        received = b""
        while received.count(b"HTTP/1.1 200") < 5 or not received.endswith(b"[]"):
            received += client.recv(65536)
        assert [received.find(f"GET /{n} []".encode()) for n in range(5)] == sorted(
            received.find(f"GET /{n} []".encode()) for n in range(5)
        )
        assert all(f"GET /{n} []".encode() in received for n in range(5))


def test_query_and_form_reach_the_site_together(visitor: Visitor) -> None:
    with Portal(Network([OnePage()])) as portal:
        answer = visitor(portal).post(
            f"http://{OnePage.host}/list.jsp?startrecord=1", data={"columnid": "7", "webname": "示例"}, timeout=5
        )
        assert answer.text == "POST /list.jsp [('columnid', '7'), ('startrecord', '1'), ('webname', '示例')]"


def test_head_has_the_length_and_no_body(network: Network, portal: Portal, visitor: Visitor) -> None:
    url = first_detail(network, "www.qinghe-demo.gov.cn")
    session = visitor(portal)
    head, whole = session.head(url, timeout=5), session.get(url, timeout=5)
    assert head.content == b""
    assert int(head.headers["Content-Length"]) == len(whole.content)


def test_an_unchanged_detail_page_is_a_304(network: Network, portal: Portal, visitor: Visitor) -> None:
    session = visitor(portal)
    url = first_detail(network, "www.qinghe-demo.gov.cn")
    page = session.get(url, timeout=5)
    by_tag = session.get(url, headers={"If-None-Match": page.headers["ETag"]}, timeout=5)
    by_date = session.get(url, headers={"If-Modified-Since": page.headers["Last-Modified"]}, timeout=5)
    assert (by_tag.status_code, by_tag.content, by_date.status_code) == (304, b"", 304)
    other = session.get(url, headers={"If-None-Match": '"another"'}, timeout=5)
    assert other.content == page.content


def test_a_replaced_page_has_a_new_tag_and_a_removed_one_is_gone(network: Network, visitor: Visitor) -> None:
    url = first_detail(network, "www.qinghe-demo.gov.cn")
    with Portal(network) as portal:
        session = visitor(portal)
        old = session.get(url, timeout=5)
        portal.replace(url, old.content.decode().replace("全县", "全县上下"))
        tag = {"If-None-Match": old.headers["ETag"], "If-Modified-Since": old.headers["Last-Modified"]}
        new = session.get(url, headers=tag, timeout=5)
        assert new.status_code == 200
        assert "全县上下" in new.content.decode()
        assert new.headers["ETag"] != old.headers["ETag"]
        portal.remove(url)
        assert session.get(url, timeout=5).status_code == 404
        portal.restore(url)
        assert session.get(url, timeout=5).content == old.content
        with pytest.raises(LookupError, match="neither replaced nor removed"):
            portal.restore(url)


def test_robots_txt_is_a_matter_of_the_host(portal: Portal, visitor: Visitor) -> None:
    session = visitor(portal)
    assert "Disallow: /manage/" in session.get("http://www.qinghe-demo.gov.cn/robots.txt", timeout=5).text
    assert session.get("http://gxq.chengyu-demo.gov.cn/robots.txt", timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"GET http://x/ HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"413"),
        (b"POST http://x/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"501"),
        (b"GET http://x/ HTTP/1.1\r\nA: " + b"a" * 70_000, b"431"),
    ],
)
def test_what_is_no_proper_request_is_refused_and_the_connection_closed(
    portal: Portal, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", portal.port), timeout=5) as client:
        client.sendall(sent)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
    assert received.startswith(b"HTTP/1.1 " + status)


def test_many_visitors_at_once_all_get_their_own_page(network: Network, portal: Portal, visitor: Visitor) -> None:
    addresses = network.addresses()[:60]
    wrong: list[str] = []

    def visit(part: tuple[str, ...], session: requests.Session) -> None:
        wrong.extend(
            url for url in part if session.get(url, timeout=20).content != network.answer(Asked("GET", url)).body
        )

    threads = [
        threading.Thread(target=visit, args=(addresses[turn::6], visitor(portal)), name=f"visitor-{turn}")
        for turn in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_taken_port_is_an_error_and_not_a_silent_portal(portal: Portal, network: Network) -> None:
    with pytest.raises(OSError, match="in use"):
        Portal(network, portal.port).start()


def test_two_networks_join_unless_they_share_a_host(network: Network) -> None:
    joined = network | Network([OnePage()])
    assert joined.hosts == (*network.hosts, OnePage.host)
    with pytest.raises(ValueError, match="two sites answer for"):
        network | network
    with pytest.raises(ValueError, match="different latency"):
        network | Network([OnePage()], latency=0.1)


def test_a_later_network_shows_a_further_report_beside_the_old_pages(visitor: Visitor) -> None:
    column = "http://www.wangyu-demo.gov.cn/xxgk/ndbg/index.html"
    with Portal(demo_network(range(2017, 2025))) as portal:
        session = visitor(portal)
        before = session.get(column, timeout=5).content.decode()
        portal.network = demo_network(range(2017, 2026))
        after = session.get(column, timeout=5).content.decode()
    assert "2025年法治政府建设" in after
    assert "2025年法治政府建设年度报告" not in before
    assert "2025年法治政府建设工作报告" not in before
