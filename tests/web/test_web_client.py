"""Every fetch ends in exactly one outcome, with its evidence, the right number of requests and its record in the
archive."""

from __future__ import annotations

import errno
import gzip
import hashlib
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrapers.records import Fetched, KnownPage, Outcome, Request, State
from scrapers.web.archive import Archive, ArchiveFull
from scrapers.web.capture_index import CaptureIndex, read_capture
from scrapers.web.client import Client, ClientSettings
from scrapers.web.pace import HostPace
from tests.web.loopback_site import HOSTS, HTML, Seen, Site, redirect, response

NewClient = Callable[..., Client]


def fetch(client: Client, site: Site, path: str = "/a/1.html", **more: object) -> Fetched:
    return client.fetch(Request(site.url(path)), hosts=HOSTS, **more)  # type: ignore[arg-type]


def test_a_page_comes_whole_and_is_in_the_archive_as_sent(site: Site, client: Client, archive: Archive) -> None:
    site.answers["/a/1.html"] = response(HTML, ETag='"v1"', X_Name="\u00e9")
    fetched = fetch(client, site)
    capture = fetched.capture
    assert (capture.outcome, capture.detail, capture.status, capture.attempts) == (Outcome.OK, None, 200, 1)
    assert fetched.body == HTML
    assert capture.digest == "sha256:" + hashlib.sha256(HTML).hexdigest()
    assert (capture.length, capture.etag, capture.content_type) == (len(HTML), '"v1"', "text/html; charset=utf-8")
    assert capture.warc_file is not None
    assert capture.warc_offset is not None
    kept = read_capture(archive.directory, capture.warc_file, capture.warc_offset)
    assert (kept.url, kept.status, kept.body, kept.record_id) == (capture.url, 200, HTML, capture.capture_id)
    assert ("X-Name", "\u00c3\u00a9") in kept.headers  # the two UTF-8 bytes, as Latin-1
    assert kept.headers == capture.headers


def test_the_request_says_who_asks_and_carries_the_platforms_headers(site: Site, client: Client) -> None:
    client.fetch(Request(site.url("/a"), headers={"Referer": site.url("/col/")}), hosts=HOSTS)
    (asked,) = site.asked("/a")
    assert asked.headers["user-agent"].startswith("nianbao-test/1.0")
    assert asked.headers["referer"] == site.url("/col/")
    assert asked.headers["accept-encoding"] == "gzip, deflate"


def test_chinese_letters_in_address_and_referer_are_percent_encoded(
    site: Site, client: Client, archive: Archive
) -> None:
    url = site.url("/公开/1 a.html")
    fetched = client.fetch(Request(url, headers={"Referer": site.url("/公开/?a=1")}), hosts=HOSTS)
    asked = site.seen[-1]
    assert (asked.target, asked.headers["referer"]) == (
        "/%E5%85%AC%E5%BC%80/1%20a.html",
        site.url("/%E5%85%AC%E5%BC%80/?a=1"),
    )
    assert (fetched.capture.outcome, fetched.capture.url) == (Outcome.OK, url)
    found = CaptureIndex(archive.directory).find(url)
    assert found is not None
    assert found.record_id == fetched.capture.capture_id


def test_a_thread_keeps_its_connection(site: Site, client: Client) -> None:
    site.answers["/r"] = redirect("/a")
    for path in ("/a", "/b", "/r", "/c"):
        fetch(client, site, path)
    assert (len(site.seen), site.connections) == (6, 1)


def test_a_form_is_posted(site: Site, client: Client) -> None:
    form = (("startrecord", "1"), ("名称", "报告"))
    fetched = client.fetch(Request(site.url("/dataproxy.jsp"), "POST", form), hosts=HOSTS)
    (asked,) = site.asked("/dataproxy.jsp")
    assert fetched.capture.outcome is Outcome.OK
    assert (asked.method, asked.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
    assert asked.body == b"startrecord=1&%E5%90%8D%E7%A7%B0=%E6%8A%A5%E5%91%8A"


@pytest.mark.parametrize(
    ("answer", "outcome", "detail", "requests"),
    [
        (response(b"gone", "404 Not Found"), Outcome.GONE, "status 404", 1),
        (response(b"gone", "410 Gone"), Outcome.GONE, "status 410", 1),
        (response(b"no", "403 Forbidden"), Outcome.BLOCKED, "status 403", 1),
        (response(b"no", "403 Forbidden", reason="GeoBL"), Outcome.BLOCKED, "geo", 1),
        (response(b"no", "401 Unauthorized"), Outcome.CLIENT_ERROR, "status 401", 1),
        (response(b"slow down", "429 Too Many Requests"), Outcome.BLOCKED, "rate: status 429", 3),
        (response(b"oops", "500 Internal Server Error"), Outcome.SERVER_ERROR, "status 500", 3),
        (response(b"oops", "503 Service Unavailable"), Outcome.SERVER_ERROR, "status 503", 3),
        (response(b"<script>", "521 ", X_Via_JSL="a"), Outcome.CHALLENGE, "jiasule", 1),
        (response(b"<script>$_ts={}</script>", "412 Precondition Failed"), Outcome.CHALLENGE, "ruishu", 1),
        (response(b"<script>$_ts={}</script>", "202 Accepted"), Outcome.CHALLENGE, "ruishu", 1),
        (response(b""), Outcome.WRONG_CONTENT, "empty body", 1),
        (response(b"", "204 No Content"), Outcome.WRONG_CONTENT, "status 204", 1),
        (response(b"%PDF-1.7 ...", content_type="application/pdf"), Outcome.WRONG_CONTENT, "a page was asked", 1),
        (response("<title>404</title><p>您访问的页面不存在</p>".encode()), Outcome.SOFT_404, "page not found", 1),
        (redirect("/"), Outcome.SOFT_404, "redirect to http", 1),
        (redirect("/error/404.html"), Outcome.SOFT_404, "/error/404.html", 1),
        (redirect("http://elsewhere.test/a"), Outcome.WRONG_HOST, "redirect to http://elsewhere.test/a", 1),
        (redirect("javascript:void(0)"), Outcome.WRONG_HOST, "redirect to javascript:void(0)", 1),
        (redirect("/a/1.html"), Outcome.REDIRECT_LOOP, "back at", 1),
        (response(b"", "304 Not Modified"), Outcome.WRONG_CONTENT, "nothing was asked", 1),
        (response(HTML, Content_Encoding="br"), Outcome.WRONG_CONTENT, "'br'", 1),
    ],
)
def test_an_answer_ends_in_one_outcome_and_is_archived(
    site: Site, client: Client, archive: Archive, answer: bytes, outcome: Outcome, detail: str, requests: int
) -> None:
    site.answers["/a/1.html"] = answer
    fetched = fetch(client, site)
    capture = fetched.capture
    assert (capture.outcome, capture.attempts, fetched.body) == (outcome, requests, b"")
    assert detail in (capture.detail or "")
    assert len(site.asked("/a/1.html")) == requests
    assert capture.warc_file is not None
    assert capture.warc_offset is not None
    kept = read_capture(archive.directory, capture.warc_file, capture.warc_offset)
    assert (kept.status, kept.headers) == (capture.status, capture.headers)
    archive.close()
    assert len(CaptureIndex(archive.directory).captures(site.url("/a/1.html"))) == requests


@pytest.mark.parametrize(
    ("answer", "outcome", "detail", "requests"),
    [
        ([HTML[:0]], Outcome.CONNECTION, "closed connection", 3),
        ([b"this is no HTTP\r\n\r\n"], Outcome.CONNECTION, "this is no HTTP", 3),
        ([response()[:-100]], Outcome.TRUNCATED, f"{len(HTML) - 100} of {len(HTML)} bytes", 3),
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n5\r\nab"],
            Outcome.TRUNCATED,
            "7 bytes",
            3,
        ),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc"], Outcome.TRUNCATED, "0 bytes", 3),
        (
            # closed by the server: a second try on the same connection would race with its end
            [response(gzip.compress(HTML)[:-9], Content_Encoding="gzip", Connection="close")],
            Outcome.TRUNCATED,
            "ends early",
            3,
        ),
        ([b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"], Outcome.CONNECTION, "100 headers", 3),
        (
            [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"],
            Outcome.CONNECTION,
            "Content-Length",
            3,
        ),
    ],
)
def test_a_broken_answer_is_named_and_tried_again(
    site: Site, client: Client, slept: list[float], answer: list[bytes], outcome: Outcome, detail: str, requests: int
) -> None:
    site.answers["/a/1.html"] = lambda _: answer
    capture = fetch(client, site).capture
    assert (capture.outcome, capture.attempts) == (outcome, requests)
    assert detail in (capture.detail or "")
    assert len(site.asked("/a/1.html")) == requests
    assert len(slept) == requests - 1
    assert 0.5 <= slept[0] <= 1.0 <= slept[1] <= 2.0


def test_a_body_that_comes_whole_at_the_second_try_is_ok(site: Site, client: Client) -> None:
    site.answers["/a/1.html"] = lambda seen: [response()[:-100]] if seen.count == 1 else response()
    fetched = fetch(client, site)
    assert (fetched.capture.outcome, fetched.capture.attempts, fetched.body) == (Outcome.OK, 2, HTML)


def test_a_refused_connection_and_an_unknown_name_are_told_apart(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refused = new_client().fetch(Request(f"http://127.0.0.1:{port}/"), hosts=HOSTS).capture
    assert (refused.outcome, refused.attempts) == (Outcome.CONNECTION, 3)
    assert "refused" in (refused.detail or "")
    assert refused.warc_file is None

    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    nameless = new_client().fetch(Request("http://nowhere.test/"), hosts=("nowhere.test",)).capture
    assert (nameless.outcome, nameless.attempts) == (Outcome.DNS, 1)
    assert "Name or service not known" in (nameless.detail or "")


def test_silence_is_a_timeout(site: Site, new_client: NewClient) -> None:
    def silent(_: Seen) -> Iterator[bytes]:
        time.sleep(1)
        yield response()

    site.answers["/a/1.html"] = silent
    capture = fetch(new_client(read_timeout=0.1, obey_robots=False), site).capture
    assert (capture.outcome, capture.attempts, capture.status) == (Outcome.TIMEOUT, 3, None)


@pytest.mark.parametrize("dripping", ["head", "body", "chunks"])
def test_an_answer_that_drips_is_cut_at_the_total_time_limit(site: Site, new_client: NewClient, dripping: str) -> None:
    def drip(_: Seen) -> Iterator[bytes]:
        if dripping == "body":
            yield b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        elif dripping == "chunks":
            yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        else:
            yield b"HTTP/1.1 200 OK\r\nX: "
        for _piece in range(100):
            time.sleep(0.05)
            yield b"1"

    site.answers["/a/1.html"] = drip
    client = new_client(total_timeout=0.3, max_attempts=1, obey_robots=False)
    started = time.monotonic()
    capture = fetch(client, site).capture
    assert time.monotonic() - started < 4  # the whole drip takes 5
    assert capture.outcome is Outcome.TIMEOUT
    assert "total time limit of 0.3 s" in (capture.detail or "")


@pytest.mark.parametrize(
    "answer",
    [
        response(b"x" * 5000),
        response(gzip.compress(b"x" * 1_000_000), Content_Encoding="gzip"),
        response(gzip.compress(b"x" * 1_000_000)),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5000,
    ],
    ids=["stated length", "bomb", "silent bomb", "unstated length"],
)
def test_a_body_above_the_cap_is_too_large_and_not_read_again(site: Site, new_client: NewClient, answer: bytes) -> None:
    site.answers["/a/1.html"] = answer
    fetched = fetch(new_client(max_bytes=4000), site)
    assert (fetched.capture.outcome, fetched.capture.attempts, fetched.body) == (Outcome.TOO_LARGE, 1, b"")
    assert "4000" in (fetched.capture.detail or "")


@pytest.mark.parametrize(
    "answer",
    [
        response(gzip.compress(HTML), Content_Encoding="gzip"),
        response(gzip.compress(HTML)),
        response(gzip.compress(gzip.compress(HTML)), Content_Encoding="gzip"),
        response(zlib.compress(HTML), Content_Encoding="deflate"),
        response(zlib.compress(HTML)[2:-4], Content_Encoding="deflate"),
        response(HTML, Content_Encoding="gzip"),
    ],
    ids=["gzip", "forced gzip", "gzip twice", "deflate", "bare deflate", "gzip in name only"],
)
def test_a_compressed_page_is_archived_as_sent_and_read_unpacked(
    site: Site, client: Client, archive: Archive, answer: bytes
) -> None:
    site.answers["/a/1.html"] = answer
    fetched = fetch(client, site)
    assert (fetched.capture.outcome, fetched.body) == (Outcome.OK, HTML)
    kept = CaptureIndex(archive.directory).find(fetched.capture.url)
    assert kept is not None
    again = read_capture(archive.directory, kept.warc_file, kept.offset)
    assert again.body == answer.partition(b"\r\n\r\n")[2]
    assert again.payload() == HTML


def test_a_chunked_page_is_archived_whole_with_its_headers(site: Site, client: Client, archive: Archive) -> None:
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HTML), HTML)
    site.answers["/a/1.html"] = lambda _: [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body]
    fetched = fetch(client, site)
    assert (fetched.capture.outcome, fetched.body) == (Outcome.OK, HTML)
    assert fetched.capture.warc_file is not None
    kept = read_capture(archive.directory, fetched.capture.warc_file, fetched.capture.warc_offset or 0)
    assert (kept.body, kept.headers) == (HTML, (("Transfer-Encoding", "chunked"),))


# ---------------------------------------------------------------------------------------------- trying again


def test_retry_after_is_waited_in_seconds_or_until_a_date(site: Site, client: Client, slept: list[float]) -> None:
    site.answers["/a"] = lambda seen: response(b"", "503 Busy", Retry_After="7") if seen.count == 1 else response()
    assert fetch(client, site, "/a").capture.outcome is Outcome.OK
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    site.answers["/b"] = lambda seen: response(b"", "429 Busy", Retry_After=date) if seen.count == 1 else response()
    assert fetch(client, site, "/b").capture.attempts == 2
    assert slept[0] == 7
    assert 55 < slept[1] <= 60


def test_a_host_that_asks_for_a_long_rest_is_not_asked_again(site: Site, client: Client, slept: list[float]) -> None:
    site.answers["/a"] = response(b"", "503 Busy", Retry_After="3600")
    capture = fetch(client, site, "/a").capture
    assert (capture.outcome, capture.attempts, slept) == (Outcome.SERVER_ERROR, 1, [])
    assert "Retry-After 3600 s" in (capture.detail or "")


def test_a_host_that_may_be_asked_at_once_is_not_asked_at_once(site: Site, client: Client, slept: list[float]) -> None:
    site.answers["/a"] = response(b"", "503 Busy", Retry_After="0")
    assert fetch(client, site, "/a").capture.attempts == 3
    assert 0.5 <= slept[0] <= 1.0 <= slept[1] <= 2.0


def test_no_request_waits_longer_than_the_cap_for_the_rest_that_a_host_asked_for(
    site: Site, new_client: NewClient
) -> None:
    site.answers["/a"] = response(b"", "503 Busy", Retry_After="5")
    client = new_client(retry_after_cap=0.3, obey_robots=False)
    assert fetch(client, site, "/a", pace_seconds=0.05).capture.attempts == 1
    assert fetch(client, site, "/b", pace_seconds=0.05).capture.outcome is Outcome.OK
    first, second = (seen.at for seen in site.seen)
    assert 0.3 * 0.95 <= second - first < 4


# ---------------------------------------------------------------------------------------------- redirects


def test_redirects_within_the_hosts_are_followed_and_each_is_archived(
    site: Site, client: Client, archive: Archive
) -> None:
    site.answers |= {"/old/1.html": redirect("/new/1.html", "301 Moved"), "/new/1.html": redirect("2.html?a=1#end")}
    fetched = fetch(client, site, "/old/1.html")
    assert (fetched.capture.outcome, fetched.capture.final_url) == (Outcome.OK, site.url("/new/2.html?a=1"))
    assert fetched.capture.url == site.url("/old/1.html")
    index = CaptureIndex(archive.directory)
    statuses = [index.captures(site.url(path))[0].status for path in ("/old/1.html", "/new/1.html", "/new/2.html?a=1")]
    assert statuses == [301, 302, 200]


def test_a_redirect_to_itself_that_sets_a_cookie_is_replayed_once(site: Site, client: Client) -> None:
    def gate(seen: Seen) -> bytes:
        return response() if "CT6T=1" in seen.headers.get("cookie", "") else redirect("/a", Set_Cookie="CT6T=1; path=/")

    site.answers["/a"] = gate
    capture = fetch(client, site, "/a").capture
    assert (capture.outcome, capture.attempts, len(site.asked("/a"))) == (Outcome.OK, 1, 2)


def test_a_redirect_with_ever_new_cookies_ends(site: Site, new_client: NewClient) -> None:
    site.answers["/a"] = lambda seen: redirect("/a", Set_Cookie=f"n={seen.count}")
    capture = fetch(new_client(max_redirects=5), site, "/a").capture
    assert capture.outcome is Outcome.REDIRECT_LOOP
    assert len(site.asked("/a")) == 6


def test_a_redirect_of_a_post_becomes_a_get_unless_it_must_be_repeated(site: Site, client: Client) -> None:
    as_get, repeated = ("301 Moved", "302 Found", "303 See Other"), ("307 Temporary", "308 Permanent")
    for status in as_get + repeated:
        site.answers["/" + status[:3]] = redirect("/of" + status[:3], status)
        client.fetch(Request(site.url("/" + status[:3]), "POST", (("q", "1"),)), hosts=HOSTS)
    for statuses, asked in ((as_get, ("GET", b"")), (repeated, ("POST", b"q=1"))):
        for status in statuses:
            assert [(seen.method, seen.body) for seen in site.asked("/of" + status[:3])] == [asked], status


@pytest.mark.parametrize(
    "page",
    [
        b'<html><head><meta http-equiv="refresh" content="0; url=/new/1.html"></head></html>',
        b"<html><script>window.location.href = '/new/1.html';</script></html>",
        '<html><body>正在跳转<script>location.replace("/new/1.html")</script></body></html>'.encode(),
    ],
)
def test_a_page_that_only_forwards_is_followed(site: Site, client: Client, page: bytes) -> None:
    site.answers["/a/1.html"] = response(page)
    fetched = fetch(client, site)
    assert (fetched.capture.outcome, fetched.capture.final_url) == (Outcome.OK, site.url("/new/1.html"))


def test_a_page_that_forwards_elsewhere_is_not_followed(site: Site, client: Client) -> None:
    site.answers["/a/1.html"] = response(b"<html><script>location='http://elsewhere.test/'</script></html>")
    capture = fetch(client, site).capture
    assert (capture.outcome, capture.detail) == (Outcome.WRONG_HOST, "redirect to http://elsewhere.test/")


def test_an_address_off_the_hosts_is_never_asked(site: Site, client: Client) -> None:
    capture = client.fetch(Request(site.url("/a")), hosts=("www.demo.test",)).capture
    assert (capture.outcome, site.seen) == (Outcome.WRONG_HOST, [])


@pytest.mark.parametrize(
    "url", ["", "mailto:a@b.test", "http://", "http://[bad/", "http://127.0.0.1:port/", "文件.html"]
)
def test_what_is_no_web_address_is_a_client_error(client: Client, url: str) -> None:
    capture = client.fetch(Request(url), hosts=HOSTS).capture
    assert (capture.outcome, capture.url) == (Outcome.CLIENT_ERROR, url)


# ---------------------------------------------------------------------------------------------- unchanged pages


def test_an_unchanged_page_is_asked_for_conditionally(site: Site, client: Client) -> None:
    def answer(seen: Seen) -> bytes:
        unchanged = seen.headers.get("if-none-match") == '"v1"' and "if-modified-since" in seen.headers
        return b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n" if unchanged else response()

    site.answers["/a/1.html"] = answer
    known = KnownPage(site.url("/a/1.html"), State.ACCEPTED, '"v1"', "Sun, 22 Nov 2026 19:00:00 GMT")
    fetched = fetch(client, site, known=known)
    assert (fetched.capture.outcome, fetched.capture.status, fetched.body) == (Outcome.NOT_MODIFIED, 304, b"")


# ---------------------------------------------------------------------------------------------- robots.txt


def test_what_robots_txt_disallows_is_not_asked_and_says_so(site: Site, client: Client, archive: Archive) -> None:
    site.answers["/robots.txt"] = response("\ufeffUser-agent: *\nDisallow: /a/\n".encode(), content_type="text/plain")
    capture = fetch(client, site).capture
    assert (capture.outcome, capture.attempts) == (Outcome.ROBOTS_DENIED, 0)
    assert "/robots.txt disallows it for nianbao-test" in (capture.detail or "")
    assert [seen.target for seen in site.seen] == ["/robots.txt"]
    assert fetch(client, site, "/b/1.html").capture.outcome is Outcome.OK
    assert len(site.asked("/robots.txt")) == 1
    assert CaptureIndex(archive.directory).find(site.url("/robots.txt")) is not None


def test_a_redirect_to_a_disallowed_page_is_not_followed(site: Site, client: Client) -> None:
    site.answers |= {
        "/robots.txt": response(b"User-agent: *\nDisallow: /b/\n", content_type="text/plain"),
        "/a/1.html": redirect("/b/1.html"),
    }
    assert fetch(client, site).capture.outcome is Outcome.ROBOTS_DENIED
    assert site.asked("/b/1.html") == []


def test_a_crawl_delay_slows_the_pace(site: Site, client: Client) -> None:
    site.answers["/robots.txt"] = response(b"User-agent: *\nCrawl-delay: 0.2\n", content_type="text/plain")
    for path in ("/a", "/b", "/c"):
        assert fetch(client, site, path).capture.outcome is Outcome.OK
    times = [seen.at for seen in site.seen if seen.target != "/robots.txt"]
    assert min(later - sooner for sooner, later in pairwise(times)) >= 0.2 * 0.95


def test_a_crawl_delay_is_followed_up_to_a_cap(site: Site, new_client: NewClient) -> None:
    site.answers["/robots.txt"] = response(b"User-agent: *\nCrawl-delay: 5\n", content_type="text/plain")
    client = new_client(crawl_delay_cap=0.2)
    for path in ("/a", "/b"):
        assert fetch(client, site, path).capture.outcome is Outcome.OK
    first, second = (seen.at for seen in site.seen if seen.target != "/robots.txt")
    assert 0.2 * 0.95 <= second - first < 4


def test_an_unreachable_robots_txt_forbids_all(site: Site, client: Client) -> None:
    site.answers["/robots.txt"] = response(b"", "503 Busy")
    capture = fetch(client, site).capture
    assert (capture.outcome, capture.attempts) == (Outcome.SERVER_ERROR, 3)
    assert "unreachable" in (capture.detail or "")
    assert site.asked("/a/1.html") == []


def test_a_challenge_at_robots_txt_is_named_as_a_challenge(site: Site, client: Client) -> None:
    site.answers["/robots.txt"] = response(b"<script>", "521 ", Set_Cookie="__jsluid_h=1")
    capture = fetch(client, site).capture
    assert capture.outcome is Outcome.CHALLENGE
    assert (capture.detail or "").startswith("jiasule: ")


# ---------------------------------------------------------------------------------------------- forbidden addresses


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "169.254.169.254", "100.100.100.200", "10.0.0.1"],
)
def test_no_private_address_is_asked(new_client: NewClient, host: str) -> None:
    url = f"http://{host}:9/latest/meta-data"
    capture = new_client(allow_private_addresses=False).fetch(Request(url), hosts=(host, host.strip("[]"))).capture
    assert (capture.outcome, capture.attempts, capture.warc_file) == (Outcome.FORBIDDEN_ADDRESS, 1, None)


def test_a_name_that_resolves_to_a_private_address_is_refused_when_it_is_dialled(
    site: Site, new_client: NewClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])  # a rebinding resolver: public when first asked, ours afterwards
    asked: list[str] = []

    def rebinding(host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    dialled: list[str] = []

    def connect(_: socket.socket, address: tuple[str, int]) -> None:
        dialled.append(address[0])
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    client = new_client(allow_private_addresses=False, obey_robots=False)
    request = Request(site.url("/secret", host="rebind.test"))
    capture = client.fetch(request, hosts=("rebind.test",)).capture
    assert (capture.outcome, capture.attempts) == (Outcome.FORBIDDEN_ADDRESS, 2)
    assert "127.0.0.1" in (capture.detail or "")
    assert (asked, dialled, site.seen) == (["rebind.test"] * 2, ["93.184.216.34"], [])


def test_no_proxy_is_asked_for_a_private_address(site: Site, new_client: NewClient) -> None:
    """What the proxy would reach is not ours to dial, nor to see."""
    client = new_client(allow_private_addresses=False, proxy=site.url(""))
    capture = client.fetch(Request("http://10.0.0.1/admin"), hosts=("10.0.0.1",)).capture
    assert (capture.outcome, site.seen) == (Outcome.FORBIDDEN_ADDRESS, [])
    assert "10.0.0.1, which is not a public address" in (capture.detail or "")


def test_through_a_proxy_a_redirect_to_a_private_address_is_refused(site: Site, new_client: NewClient) -> None:
    site.answers["/a/1.html"] = redirect("http://127.0.0.1:22/")
    client = new_client(allow_private_addresses=False, proxy=site.url(""))
    hosts = ("www.demo.test", "127.0.0.1")
    capture = client.fetch(Request("http://www.demo.test/a/1.html"), hosts=hosts).capture
    assert (capture.outcome, capture.detail) == (Outcome.FORBIDDEN_ADDRESS, "redirect to http://127.0.0.1:22/")
    assert [seen.headers["host"] for seen in site.seen] == ["www.demo.test"] * 2


def test_a_redirect_to_a_private_address_off_the_hosts_says_that_it_is_private(
    site: Site, new_client: NewClient
) -> None:
    site.answers["/a/1.html"] = redirect("http://169.254.169.254/latest/")
    client = new_client(allow_private_addresses=False, proxy=site.url(""))
    capture = client.fetch(Request("http://www.demo.test/a/1.html"), hosts=("www.demo.test",)).capture
    assert capture.outcome is Outcome.FORBIDDEN_ADDRESS


def test_the_environments_proxy_is_ignored(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert fetch(client, site).capture.outcome is Outcome.OK


# ---------------------------------------------------------------------------------------------- threads, pace, noise


def test_threads_have_their_own_cookies_and_share_one_archive(site: Site, client: Client, archive: Archive) -> None:
    site.answers["/set"] = response(HTML, Set_Cookie="who=1")
    results: list[Fetched] = []

    def work() -> None:
        results.extend(fetch(client, site, path) for path in ["/set", *(f"/a/{n}.html" for n in range(10))])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 88
    assert {result.capture.outcome for result in results} == {Outcome.OK}
    for result in results:
        assert (
            read_capture(archive.directory, result.capture.warc_file or "", result.capture.warc_offset or 0).body
            == result.body
        )
    first_in_thread = [seen for seen in site.asked("/set") if "cookie" not in seen.headers]
    assert len(first_in_thread) == 8


def test_requests_to_a_host_keep_the_pace_over_threads_and_redirects(site: Site, client: Client) -> None:
    site.answers["/r"] = redirect("/a")
    pace = 0.05
    threads = [
        threading.Thread(target=fetch, args=(client, site, "/r"), kwargs={"pace_seconds": pace}) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(seen.at for seen in site.seen)
    assert len(times) == 9  # robots.txt once
    assert min(later - sooner for sooner, later in pairwise(times)) >= pace * 0.95


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=400),
        st.builds(
            lambda line, headers, body: line + b"\r\n" + b"".join(headers) + b"\r\n" + body,
            st.sampled_from([b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 304 -", b"HTTP/1.1 301 x", b"HTTP/9 abc"]),
            st.lists(
                st.sampled_from(
                    [
                        b"Content-Length: 10\r\n",
                        b"Content-Length: -1\r\n",
                        b"Content-Length: 99999999999999999999\r\n",
                        b"Transfer-Encoding: chunked\r\n",
                        b"Content-Encoding: gzip\r\n",
                        b"Content-Encoding: deflate, gzip\r\n",
                        b"Location: \xff\xfe://\r\n",
                        b"Location: http://[/\r\n",
                        b"Set-Cookie: =;;=\r\n",
                        b"Retry-After: \xb2\r\n",
                        b" folded\r\n",
                        b"no colon\r\n",
                        b"Content-Type: text/html; charset=\xff\r\n",
                    ]
                ),
                max_size=5,
            ),
            st.binary(max_size=200) | st.builds(gzip.compress, st.binary(max_size=50)),
        ),
    )
)
def test_whatever_a_server_sends_one_outcome_comes(site: Site, new_client: NewClient, sent: bytes) -> None:
    site.answers["/a/1.html"] = lambda _: [sent]
    client = new_client(max_attempts=1, obey_robots=False, total_timeout=2)
    try:
        fetched = fetch(client, site)
    finally:
        client.close()
    assert fetched.capture.outcome in Outcome
    assert (fetched.body == b"") or fetched.capture.outcome is Outcome.OK


def test_what_cannot_be_archived_is_an_error_and_never_a_result(
    site: Site, client: Client, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("scrapers.web.archive_file._write_all", full)
    with pytest.raises(ArchiveFull, match="Free space"):
        fetch(client, site)
    assert list(archive.directory.iterdir()) == []


def test_without_an_archive_nothing_is_kept(site: Site, tmp_path: Path) -> None:
    settings = ClientSettings("nianbao-test/1.0", allow_private_addresses=True, pace_seconds=0)
    with Client(settings, None, HostPace(tmp_path / "pace")) as client:
        capture = fetch(client, site).capture
    assert (capture.outcome, capture.warc_file, capture.warc_offset) == (Outcome.OK, None, None)
    assert list(tmp_path.iterdir()) == []


def test_serving_twice_on_one_connection_leaves_no_bytes_behind(site: Site, client: Client) -> None:
    """A response longer than it says must not be read as the start of the next."""
    site.answers["/a"] = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ngoodHTTP/1.1 500 x\r\n\r\n"
    )
    first = fetch(client, site, "/a")
    second = fetch(client, site, "/b")
    assert first.body == b"good"
    assert (second.capture.outcome, second.body) == (Outcome.OK, HTML)
