"""Which addresses may be asked, and where a response sends us."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrapers.addresses import host_of
from scrapers.web.addresses import is_public, literal_address
from scrapers.web.cdxj import as_sent, surt
from scrapers.web.content_coding import ContentTooLargeError, TornContentError, decode_content
from scrapers.web.redirects import leads_home, location, resolve, within
from scrapers.web.retry import backoff, is_refusal, retry_after
from scrapers.web.settings import ClientSettings
from scrapers.web.thin_page import forward_target, visible_text


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "ff02::1",
        "fec0::1",
        "::10.0.0.1",
        "::ffff:0:10.0.0.1",
        "64:ff9b:1::10.0.0.1",
        "192.0.0.192",
        "168.63.129.16",
        "::ffff:168.63.129.16",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo, of 10.0.0.1
        "2001:0:4136:e378:8000:63bf:3ed6:dd1d",  # Teredo, of a public address
    ],
)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1", "2002:101:101::"]
)
def test_an_address_outside_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("localhost.", "127.0.0.1"),
        ("a.localhost", "127.0.0.1"),
        ("www.demo.test", None),
        ("12306.cn", None),
        ("1.2.3.4.5", None),
        ("", None),
    ],
)
def test_a_host_that_is_an_address_is_known_in_every_spelling(host: str, address: str | None) -> None:
    assert literal_address(host) == address


def test_hosts_are_compared_whole() -> None:
    assert within("http://WWW.demo.test/a", ("www.demo.test",))
    assert within("https://www.demo.test:8443/a", ("www.demo.test:8443",))
    assert not within("https://www.demo.test/a", ("www.demo.test:8443",))
    assert not within("http://evilwww.demo.test/", ("www.demo.test",))
    assert not within("http://www.demo.test.evil.test/", ("www.demo.test",))
    assert not within("http://www.demo.test@evil.test/", ("www.demo.test",))
    assert not within("http://[/", ("www.demo.test",))


@pytest.mark.parametrize(
    ("asked", "target", "home"),
    [
        ("http://a.test/art/1.html", "http://a.test/", True),
        ("http://a.test/art/1.html", "http://a.test", True),
        ("http://a.test/art/1.html", "https://a.test/index.shtml", True),
        ("http://a.test/art/1.html", "http://a.test/error/404.html", True),
        ("http://a.test/art/1.html", "http://a.test/page_404.jsp", True),
        ("http://a.test/art/1.html", "http://a.test/art/404404.html", False),
        ("http://a.test/art/1.html", "http://a.test/art/2.html", False),
        ("http://a.test/art/1.html", "http://a.test/?id=1", False),
        ("http://a.test/", "http://a.test/index.html", False),
        ("http://a.test/index.html", "https://a.test/", False),
    ],
)
def test_a_deep_page_that_leads_home_is_a_soft_404(asked: str, target: str, home: bool) -> None:
    assert leads_home(asked, target) is home


def test_a_location_may_be_utf8_or_gbk() -> None:
    for encoding in ("utf-8", "gb18030"):
        wire = "/公开/1.html".encode(encoding).decode("latin-1")
        assert location((("location", wire),)) == "/公开/1.html"
    assert location((("Location", " "),)) is None


def test_only_web_addresses_are_resolved() -> None:
    assert resolve("http://a.test/b/c", "../d?e#f") == "http://a.test/d?e"
    assert [resolve("http://a.test/", target) for target in ("ftp://a.test/", "javascript:x", "http://[", "//")] == [
        None,
        None,
        None,
        "http://a.test/",
    ]


_TARGETS = st.text(max_size=30) | st.text("htp:/@[].%#?\\0x127\x00\n公", max_size=30).map(lambda text: "http://" + text)


@settings(max_examples=400)
@example("", "http://0\x00")
@given(_TARGETS, _TARGETS)
def test_no_target_of_a_redirect_is_an_error(base: str, target: str) -> None:
    url = resolve(base, target)
    if url is not None:
        assert within(url, (host_of(url),))
        leads_home(base if resolve(base, "") else "http://a.test/b", url)
        literal_address(host_of(url))
        surt(as_sent(url))


@pytest.mark.parametrize(
    ("page", "target"),
    [
        (b'<META HTTP-EQUIV="Refresh" CONTENT="0;URL=/a.html">', "/a.html"),
        (b"<meta content='3; url=&quot;/a.html&quot;' http-equiv=refresh>", "/a.html"),
        (b'<meta http-equiv="refresh" content="600">', None),
        (b'<meta http-equiv="refresh" content="600;url=/a.html">', None),
        (b'<script>top.location.href="/a.html"</script>', "/a.html"),
        (b"<script>location.assign( '/a.html' )</script>", "/a.html"),
        ("<script>location='/公开/'</script>".encode("gbk"), "/公开/"),
        (b"<!-- <script>location='/a.html'</script> -->", None),
        (b"<script>if (location == self) {}</script>", None),
    ],
)
def test_a_forwarding_page_names_its_target(page: bytes, target: str | None) -> None:
    assert forward_target(page) == target


def test_only_what_a_reader_sees_counts_as_text() -> None:
    page = (
        b"<title>t</title><style>s</style><script>if (a<b) x</script><!-- c --><p> one&nbsp;two \n</p> <p>&nbsp; </p>"
    )
    page += b"<noscript>n</noscript>"
    assert visible_text(page, 1000) == b"onetwo"
    assert visible_text(b"<script>never closed <p>text", 1000) == b""
    assert len(visible_text(b"<p>" + b"x" * 5000, 1800)) >= 1800


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    assert retry_after((("retry-after", value),), NOW) == seconds


@pytest.mark.parametrize(
    ("status", "refuses"),
    [(403, True), (429, True), (500, True), (502, True), (503, True), (521, True), (200, False), (404, False)],
)
def test_a_refusal_asks_to_be_left_in_peace(status: int, refuses: bool) -> None:
    assert is_refusal(status) is refuses


@given(st.integers(1, 60), st.floats(0, 10), st.floats(0, 100))
def test_backoff_doubles_within_its_cap(failures: int, base: float, cap: float) -> None:
    full = min(cap, base * 2.0 ** (failures - 1))
    assert full * 0.5 <= backoff(failures, base, cap) <= full


@given(st.binary(max_size=5000), st.integers(0, 5000))
def test_a_compressed_body_unpacks_to_itself_or_is_torn(body: bytes, cut: int) -> None:
    packed = gzip.compress(body)
    if body[:3] == b"\x1f\x8b\x08":
        return
    assert decode_content(packed, "gzip", None, 10_000) == body
    if 3 <= cut < len(packed):
        with pytest.raises(TornContentError):
            decode_content(packed[:cut], "gzip", None, 10_000)
    if body:
        with pytest.raises(ContentTooLargeError):
            decode_content(packed, "gzip", None, len(body) - 1)


def test_a_file_that_is_itself_gzip_is_left_packed() -> None:
    packed = gzip.compress(b"table")
    assert decode_content(packed, None, "application/gzip", 1000) == packed


@pytest.mark.parametrize(
    "wrong",
    [{"user_agent": " "}, {"user_agent": "a\nb"}, {"max_attempts": 0}, {"pace_seconds": -1}, {"read_timeout": 0}],
)
def test_settings_that_cannot_be_are_refused_by_name(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClientSettings(**{"user_agent": "nianbao", **wrong})  # type: ignore[arg-type]
