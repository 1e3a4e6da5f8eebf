"""Whatever bytes a server sends: one outcome with its evidence, within the limits, and the next page comes as ever."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrapers.records import Outcome, Request
from scrapers.web.archive import Archive
from scrapers.web.capture_index import read_capture
from scrapers.web.circuit import CircuitLimits
from scrapers.web.client import Client, ClientSettings
from scrapers.web.evidence import KEPT
from scrapers.web.pace import HostPace
from tests.web.loopback_site import HOSTS, HTML, Seen, Site, serving

SILENCE, WHOLE = 0.4, 0.8
"""Seconds: the read timeout and the total one."""
CAP = 50_000
SLACK = 3.0
"""Seconds that a busy machine may take on top of the limits."""
MOST_REDIRECTS = 3


class Fuzzed:
    """A client, and a site whose answer is set for each example."""

    def __init__(self, site: Site, client: Client, archive: Archive) -> None:
        self.site, self.client, self.archive = site, client, archive
        self.pieces: list[bytes] = []
        self.stall = 0.0
        site.answers["/fuzzed"] = self._answer

    def _answer(self, _: Seen) -> Iterator[bytes]:
        yield from self.pieces
        if self.stall:
            time.sleep(self.stall)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("fuzzed")
    limits = ClientSettings(
        user_agent="nianbao-test/1.0 (+http://127.0.0.1/)",
        allow_private_addresses=True,
        pace_seconds=0.0,
        obey_robots=False,
        max_attempts=1,
        max_redirects=MOST_REDIRECTS,
        max_bytes=CAP,
        connect_timeout=2.0,
        read_timeout=SILENCE,
        total_timeout=WHOLE,
    )
    pace = HostPace(folder / "pace", limits=CircuitLimits(failures=0))
    with (
        serving(Site()) as site,
        Archive(folder / "archive", run_id="fuzzed") as archive,
        Client(limits, archive, pace) as client,
    ):
        yield Fuzzed(site, client, archive)


codes = st.one_of(
    st.sampled_from([200, 200, 200, 206, 301, 302, 304, 403, 412, 429, 500, 503, 521]), st.integers(0, 9999)
)
latin = st.text(st.characters(max_codepoint=255), max_size=30).map(lambda text: text.encode("latin-1"))
status_lines = st.one_of(
    codes.map(lambda code: b"HTTP/1.1 %d Reason" % code),
    codes.map(lambda code: b"HTTP/1.1 %d Reason" % code),
    st.sampled_from(
        [
            b"HTTP/1.1 200",
            b"HTTP/1.0 200 OK",
            b"HTTP/1.1 200 OK",
            b"HTTP/2 200",
            b"HTTP/9.9 200 OK",
            b"HTTP/1.1 -1 Bad",
            b"HTTP/1.1 200OK",
            b"HTTP/1.1\t200\tOK",
            b"ICY 200 OK",
            b"",
            b"HTTP/1.1 200 " + b"x" * 70_000,
        ]
    ),
    st.binary(max_size=40),
)
known_headers = st.tuples(
    st.sampled_from(
        [
            b"Content-Length",
            b"Content-Type",
            b"Content-Encoding",
            b"Transfer-Encoding",
            b"Location",
            b"Set-Cookie",
            b"Retry-After",
            b"Connection",
            b"ETag",
            b"Proxy-Status",
            b"Server",
        ]
    ),
    st.one_of(
        st.integers(-5, 100_000).map(lambda number: b"%d" % number),
        st.sampled_from(
            [
                b"chunked",
                b"gzip, chunked",
                b"gzip",
                b"deflate",
                b"br",
                b"identity",
                b"text/html; charset=utf-8",
                b"text/html; charset=\xff",
                b"application/json",
                b"application/pdf",
                b"/fuzzed",
                b"/sound",
                b"//",
                b"http://[::1",
                b"http://127.0.0.1:99999/",
                b"http://elsewhere.test/\xd6\xd0",
                b"javascript:void(0)",
                b"a=b; path=/; expires=never",
                b"close",
                b"keep-alive",
                b"1" * 400,
            ]
        ),
        latin,
    ),
).map(lambda pair: pair[0] + b": " + pair[1])
header_lines = st.lists(st.one_of(known_headers, known_headers, st.binary(max_size=60)), max_size=8)


def chunked(data: bytes, size: bytes, ending: bytes) -> bytes:
    return size + b"\r\n" + data + b"\r\n" + ending


plain_bodies = st.one_of(
    st.binary(max_size=400),
    st.sampled_from(
        [
            b"",
            HTML,
            HTML[:700],
            b"<html><head><meta http-equiv=refresh content='0;url=/fuzzed?again'></head></html>",
            b"<script>location.href='//elsewhere.test/'</script>",
            b"\xef\xbb\xbf{}",
            b"%PDF-1.4",
            b"x" * (CAP + 1),
        ]
    ),
)
bodies = st.one_of(
    plain_bodies,
    plain_bodies.map(gzip.compress),
    plain_bodies.map(zlib.compress),
    st.just(gzip.compress(b"x" * CAP * 20)),
    st.tuples(plain_bodies.map(gzip.compress), st.integers(1, 30)).map(lambda pair: pair[0][: -pair[1]]),
    st.tuples(
        plain_bodies,
        st.one_of(
            st.sampled_from([b"5", b"ffffffff", b"-1", b"zz", b"", b"5;a=b", b"1" * 5000]), st.binary(max_size=8)
        ),
        st.sampled_from([b"0\r\n\r\n", b"0\r\n", b"", b"0\r\nTrailer: x\r\n\r\n", b"5\r\nabc"]),
    ).map(lambda parts: chunked(*parts)),
    plain_bodies.map(lambda body: chunked(body, b"%x" % len(body), b"0\r\n\r\n")),
)
responses = st.one_of(
    st.tuples(status_lines, header_lines, st.sampled_from([b"\r\n", b"\r\n", b"\n", b"\r"]), bodies).map(
        lambda parts: parts[2].join([parts[0], *parts[1], b"", parts[3]])
    ),
    st.binary(max_size=300),
)


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    sent=responses,
    cuts=st.lists(st.integers(0, 3000), max_size=4),
    stalls=st.integers(0, 19).map(lambda number: number == 0),
    document=st.booleans(),
)
def test_any_response_ends_in_one_outcome_within_the_limits(
    fuzzed: Fuzzed, sent: bytes, cuts: list[int], *, stalls: bool, document: bool
) -> None:
    places = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    fuzzed.pieces = [sent[start:end] for start, end in pairwise(places)]
    fuzzed.stall = 2 * SILENCE if stalls else 0.0

    started = time.monotonic()
    fetched = fuzzed.client.fetch(Request(fuzzed.site.url("/fuzzed"), document=document), hosts=HOSTS)
    assert time.monotonic() - started < (MOST_REDIRECTS + 1) * WHOLE + SLACK

    capture = fetched.capture
    assert isinstance(capture.outcome, Outcome)
    assert capture.outcome not in (Outcome.NOT_MODIFIED, Outcome.NOT_ASKED)
    assert (capture.outcome is Outcome.OK) is bool(fetched.body)
    assert capture.outcome is Outcome.OK or capture.detail
    assert capture.attempts == 1
    if capture.status is not None:
        assert capture.warc_file is not None
        assert capture.warc_offset is not None
        kept = read_capture(fuzzed.archive.directory, capture.warc_file, capture.warc_offset)
        assert (kept.status, kept.headers) == (capture.status, capture.headers)
        if capture.outcome is Outcome.OK or not kept.body:
            assert capture.beginning is None
        else:
            assert capture.beginning is None or len(capture.beginning) <= KEPT

    if stalls:
        return  # the connection may be kept, and its server is asleep
    sound = fuzzed.client.fetch(Request(fuzzed.site.url("/sound")), hosts=HOSTS)
    assert (sound.capture.outcome, sound.body) == (Outcome.OK, HTML)
