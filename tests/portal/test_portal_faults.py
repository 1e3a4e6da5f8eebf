"""Faults by name: each spoils what it says, where it is told to, and nothing else."""

from __future__ import annotations

import json
import re
import socket
import time
import tomllib
from collections.abc import Callable
from importlib.resources import files
from urllib.parse import urlencode

import pytest
import requests
from typer.testing import CliRunner

from deployments.portal import FAULTS, Asked, Network, Portal, UnknownFaultError, demo_network, families_network
from deployments.portal.exchange import Role
from deployments.portal.faults import listing, transport
from deployments.portal.site import GeneratedSite
from flows.cli import app
from scrapers.records import Outcome

Visitor = Callable[[Portal], requests.Session]


@pytest.fixture
def detail(network: Network) -> str:
    return next(url for url in network.addresses() if "www.qinghe-demo.gov.cn" in url and "/art_" in url)


def test_a_slow_page_comes_late(
    network: Network, visitor: Visitor, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "SLOW_SECONDS", 0.3)
    with Portal(network) as portal:
        portal.inject("slow")
        started = time.monotonic()
        assert visitor(portal).get(detail, timeout=5).status_code == 200
        assert time.monotonic() - started >= 0.29


def test_a_slow_page_does_not_hold_up_another_host(network: Network, visitor: Visitor, detail: str) -> None:
    with Portal(network) as portal:
        portal.inject("slow", host="www.qinghe-demo.gov.cn")
        with pytest.raises(requests.ReadTimeout):
            visitor(portal).get(detail, timeout=0.2)
        assert visitor(portal).get("http://www.lanting-demo.gov.cn/", timeout=1).status_code == 200


def test_a_dripping_page_arrives_piece_by_piece_and_in_full(
    network: Network, visitor: Visitor, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "DRIP_PIECE", 4096)
    monkeypatch.setattr(transport, "DRIP_PAUSE", 0.01)
    with Portal(network) as portal:
        portal.inject("drip")
        started = time.monotonic()
        answer = visitor(portal).get(detail, timeout=5)
        pieces = len(answer.content) // 4096
        assert answer.content == network.answer(Asked("GET", detail)).body
        assert time.monotonic() - started >= 0.01 * pieces > 0


def test_a_truncated_page_ends_before_its_stated_length(network: Network, visitor: Visitor, detail: str) -> None:
    with Portal(network) as portal:
        portal.inject("truncated")
        with visitor(portal).get(detail, timeout=5, stream=True) as answer:
            stated = int(answer.headers["Content-Length"])
            received = bytearray()
            pieces = map(received.extend, answer.iter_content(1024))
            with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
                list(pieces)
        assert len(received) <= stated // 2 < stated == len(network.answer(Asked("GET", detail)).body)


def test_a_challenge_has_the_marks_of_its_vendor_and_leaves_robots_alone(
    network: Network, visitor: Visitor, detail: str
) -> None:
    with Portal(network) as portal:
        portal.inject("challenge_521")
        answer = visitor(portal).get(detail, timeout=5)
        assert (answer.status_code, "X-Via-JSL" in answer.headers) == (521, True)
        assert "__jsluid_h" in answer.headers["Set-Cookie"]
        assert "document.cookie" in answer.text
        robots = visitor(portal).get("http://www.qinghe-demo.gov.cn/robots.txt", timeout=5)
        assert robots.status_code == 200
        portal.heal()
        assert visitor(portal).get(detail, timeout=5).status_code == 200


def test_a_soft_404_is_a_200_without_the_document(network: Network, visitor: Visitor, detail: str) -> None:
    with Portal(network) as portal:
        portal.inject("soft_404", path=detail.partition(".gov.cn")[2])
        answer = visitor(portal).get(detail, timeout=5)
        assert answer.status_code == 200
        assert "不存在" in answer.content.decode()
        other = next(url for url in network.addresses() if "/art_" in url and url != detail)
        assert "不存在" not in visitor(portal).get(other, timeout=5).content.decode()


def test_a_passing_500_fails_each_address_once(network: Network, visitor: Visitor, detail: str) -> None:
    with Portal(network) as portal:
        portal.inject("status_500_then_ok")
        session = visitor(portal)
        assert [session.get(detail, timeout=5).status_code for _ in range(3)] == [500, 200, 200]
        assert session.get("http://www.lanting-demo.gov.cn/", timeout=5).status_code == 500


def site_of(network: Network, family: str) -> GeneratedSite:
    return next(s for s in network.sites if isinstance(s, GeneratedSite) and s.plan.family == family)


def list_address(site: GeneratedSite, page: int) -> str:
    """Address of the ``page``-th list page of the site's first column."""
    column = site.columns[0].plan
    if site.plan.family == "trs":
        return f"{site.plan.root}{column.id}index{f'_{page - 1}' if page > 1 else ''}.{site.plan.extension}"
    frame = site.answer(Asked("GET", f"{site.plan.root}/col/col{column.id}/index.html")).body.decode()
    if site.plan.family == "hanweb_jpage":
        unit = re.findall(r"unitid:(\d+)", frame)[0]
        proxy = f"{site.plan.root}/module/web/jpage/dataproxy.jsp"
        return f"{proxy}?columnid={column.id}&unitid={unit}&page={page}"
    query = dict(re.findall(r"'(\w+)':'([^']*)'", re.findall(r'queryData="([^"]+)"', frame)[0]))
    query["paramJson"] = json.dumps({"pageNo": page, "pageSize": 10})
    unit_path = f"{site.plan.root}/api-gateway/jpaas-publish-server/front/page/build/unit"
    return str(requests.Request("GET", unit_path, params=query).prepare().url)


@pytest.mark.parametrize("family", ["hanweb_jpage", "jpaas", "trs"])
@pytest.mark.parametrize(("fault", "rowless"), [("empty_list", {1, 2, 3}), ("stub_page", {2})])
def test_a_list_fault_takes_the_rows_of_the_pages_it_means(
    network: Network, visitor: Visitor, family: str, fault: str, rowless: set[int]
) -> None:
    site = site_of(network, family)
    with Portal(network) as portal:
        portal.inject(fault, host=site.host)
        session = visitor(portal)
        found = set()
        for page in (1, 2, 3):
            answer = session.get(list_address(site, page), headers={"Referer": site.plan.root}, timeout=5)
            assert answer.status_code == 200
            if b"<li>" not in answer.content:
                found.add(page)
        assert found == rowless


def test_a_stub_of_a_static_list_has_three_to_four_hundred_bytes(network: Network, visitor: Visitor) -> None:
    site = site_of(network, "trs")
    with Portal(network) as portal:
        portal.inject("stub_page")
        assert 300 <= len(visitor(portal).get(list_address(site, 2), timeout=5).content) <= 400


def test_a_stub_in_the_middle_leaves_the_other_pages_as_they_are(network: Network) -> None:
    site = site_of(network, "trs")
    pages = site.columns[0].pages
    portal = Portal(network)
    portal.inject("stub_in_the_middle")
    rowless = [
        page
        for page in range(1, pages + 1)
        if b"<li>" not in portal.answer(Asked("GET", list_address(site, page))).body
    ]
    assert pages > 2
    assert rowless == [(pages + 1) // 2]


@pytest.mark.parametrize(("fault", "seen"), [("second_page_fails_once", [500, 200]), ("second_page_fails", [500, 500])])
def test_a_failing_second_page_leaves_the_others_alone(network: Network, fault: str, seen: list[int]) -> None:
    site = site_of(network, "trs")
    portal = Portal(network)
    portal.inject(fault)
    second = Asked("GET", list_address(site, 2))
    assert [portal.answer(second).status for _ in seen] == seen
    assert [portal.answer(Asked("GET", list_address(site, page))).status for page in (1, 3)] == [200, 200]


def test_programs_asked_at_one_address_fail_by_the_form_they_are_sent() -> None:
    portal = Portal(families_network())
    site = site_of(portal.network, "hanweb_xxgk")
    portal.inject("second_page_fails_once", host=site.host)
    names = site.family.parameters(site.plan, site.columns[0].plan)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    statuses = []
    for page in ("1", "1", "2", "2", "3"):
        form = urlencode({**names, "currpage": page}).encode()
        statuses.append(portal.answer(Asked("POST", f"{site.plan.root}/module/xxgk/search.jsp", headers, form)).status)
    assert statuses == [200, 200, 500, 200, 200]


def test_a_row_is_published_once_and_only_after_the_first_page_was_read() -> None:
    portal = Portal(demo_network())
    site = site_of(portal.network, "trs")
    portal.inject("row_published_meanwhile", host=site.host)
    before = site.columns[0].rows
    for page, rows in ((3, len(before)), (1, len(before) + 1), (2, len(before) + 1), (1, len(before) + 1)):
        portal.answer(Asked("GET", list_address(site, page)))
        assert len(site.columns[0].rows) == rows
    first = site.columns[0].rows[0]
    assert site.columns[0].rows[1:] == before
    assert first.date == before[0].date
    assert first.title in portal.answer(Asked("GET", list_address(site, 1))).body.decode()
    assert first.title in portal.answer(Asked("GET", site.plan.root + first.href)).body.decode()


def test_an_empty_answer_of_a_program_keeps_what_it_says_of_its_length() -> None:
    portal = Portal(families_network())
    portal.inject("empty_list")
    site = site_of(portal.network, "ucap")
    data = json.loads(portal.answer(Asked("GET", f"{site.plan.root}/common/search/c100001?page=1")).body)["data"]
    assert (data["results"], data["total"]) == ([], len(site.columns[0].rows))


def test_a_fault_nobody_knows_or_a_host_nobody_serves_is_named(network: Network) -> None:
    portal = Portal(network)
    with pytest.raises(UnknownFaultError, match="did you mean soft_404"):
        portal.inject("soft404")
    with pytest.raises(LookupError, match=r"no site www\.nirgendwo\.gov\.cn"):
        portal.inject("slow", host="www.nirgendwo.gov.cn")


def test_every_fault_says_what_it_does() -> None:
    assert len(FAULTS) >= 130
    said = listing()
    for name, one in FAULTS.items():
        assert one.name == name
        assert len(one.what) >= 8
        assert f"{name}\n    {one.what}\n" in said
        assert one.on_page is not None or one.on_list is not None, f"{name}: nobody says how a crawl ends on it"


def test_the_command_lists_the_faults_and_serves_nothing() -> None:
    shown = CliRunner().invoke(app, ["portal", "--faults"])
    assert (shown.exit_code, shown.output) == (0, listing())


def test_every_vendor_of_the_signatures_has_its_fault() -> None:
    """A signature without a fault is one that no test of a whole crawl has met."""
    table = tomllib.loads(files("scrapers.web").joinpath("signatures.toml").read_text(encoding="utf-8"))
    met = {
        one.on_list.detail
        for one in FAULTS.values()
        if one.on_list is not None and one.on_list.outcome is Outcome.CHALLENGE
    }
    assert {row["vendor"] for row in table["challenge"]} <= met


def test_a_reset_connection_is_a_reset_and_a_stalled_one_stays_open(network: Network, detail: str) -> None:
    path = detail.partition(".gov.cn")[2]
    asking = f"GET {detail} HTTP/1.1\r\nHost: www.qinghe-demo.gov.cn\r\n\r\n".encode()
    with Portal(network) as portal:
        portal.inject("reset_after_headers", path=path)
        with socket.create_connection(("127.0.0.1", portal.port), timeout=5) as client:
            client.sendall(asking)
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")
            with pytest.raises(ConnectionResetError):
                client.recv(65536)
        portal.heal()
        portal.inject("stalled_body", path=path)
        with socket.create_connection(("127.0.0.1", portal.port), timeout=5) as client:
            client.sendall(asking)
            client.settimeout(0.5)
            pieces: list[bytes] = []
            with pytest.raises(TimeoutError):
                pieces.extend(iter(lambda: client.recv(65536), b""))
            received = b"".join(pieces)
        whole = network.answer(Asked("GET", detail)).body
        assert received.partition(b"\r\n\r\n")[2] == whole[: len(whole) // 2]


def test_a_fault_can_be_narrowed_to_the_lists_of_a_site(network: Network) -> None:
    site = site_of(network, "trs")
    portal = Portal(network)
    portal.inject("challenge_ruishu", host=site.host, roles=frozenset({Role.LIST}))
    assert portal.answer(Asked("GET", list_address(site, 1))).status == 412
    assert portal.answer(Asked("GET", site.plan.root + site.columns[0].rows[0].href)).status == 200


def test_a_host_refuses_after_its_first_answer_when_it_blocks_by_rate(network: Network) -> None:
    site = site_of(network, "trs")
    portal = Portal(network)
    portal.inject("rate_block", host=site.host)
    assert [portal.answer(Asked("GET", list_address(site, page))).status for page in (1, 2, 3)] == [200, 403, 403]
