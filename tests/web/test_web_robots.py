"""robots.txt by RFC 9309, cached for a day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scrapers.records import Capture, Fetched, Outcome
from scrapers.web.robots import MAX_AGE, MAX_STALE, UNREACHABLE_AGE, Robots

AGENT = "nianbao/1.0 (+https://example.test/)"
URL = "http://www.demo.test/zwgk/art/1.html"
ROBOTS = "http://www.demo.test/robots.txt"


class Site:
    """What a site's robots.txt answers, and how often it was asked."""

    def __init__(self, body: bytes = b"", outcome: Outcome = Outcome.OK, status: int | None = 200) -> None:
        self.body, self.outcome, self.status = body, outcome, status
        self.asked: list[str] = []

    def __call__(self, url: str) -> Fetched:
        self.asked.append(url)
        capture = Capture(
            capture_id="urn:uuid:1",
            url=url,
            final_url=url,
            fetched_at=datetime.now(UTC),
            outcome=self.outcome,
            detail="vendor: why" if self.outcome is not Outcome.OK else None,
            status=self.status,
            attempts=3,
        )
        return Fetched(capture, self.body if self.outcome is Outcome.OK else b"")


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_rules_hold_for_our_name_before_everyones() -> None:
    site = Site(b"User-agent: nianbao\nDisallow: /zwgk/\n\nUser-agent: *\nDisallow: /\n")
    robots = Robots(AGENT)
    assert not robots.verdict(URL, site).allowed
    assert robots.verdict("http://www.demo.test/col/1.html", site).allowed
    assert site.asked == [ROBOTS]


def test_a_byte_order_mark_does_not_hide_the_first_rule() -> None:
    site = Site("\ufeffUser-agent: *\nDisallow: /zwgk/\n".encode())
    verdict = Robots(AGENT).verdict(URL, site)
    assert (verdict.allowed, verdict.outcome) == (False, Outcome.ROBOTS_DENIED)
    assert verdict.detail == "http://www.demo.test/robots.txt disallows it for nianbao"


def test_a_crawl_delay_is_reported() -> None:
    assert Robots(AGENT).verdict(URL, Site(b"User-agent: *\nCrawl-delay: 7\n")).crawl_delay == 7.0
    assert Robots(AGENT).verdict(URL, Site(b"User-agent: *\nCrawl-delay: soon\n")).crawl_delay is None


@pytest.mark.parametrize("body", [b"", b"<html><body>404</body></html>", b"\xff\xfe\x00", b"Disallow: /", bytes(1000)])
def test_a_file_without_rules_allows_all(body: bytes) -> None:
    assert Robots(AGENT).verdict(URL, Site(body)).allowed


def test_only_the_first_500_kib_count() -> None:
    long = b"User-agent: *\n" + b"# padding\n" * 60_000 + b"Disallow: /\n"
    assert Robots(AGENT).verdict(URL, Site(long)).allowed


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.GONE, 404),
        (Outcome.CLIENT_ERROR, 401),
        (Outcome.BLOCKED, 403),
        (Outcome.CHALLENGE, 412),
        (Outcome.SOFT_404, 302),
        (Outcome.WRONG_HOST, 301),
        (Outcome.REDIRECT_LOOP, 302),
        (Outcome.WRONG_CONTENT, 200),
    ],
)
def test_an_unavailable_file_allows_all(outcome: Outcome, status: int) -> None:
    assert Robots(AGENT).verdict(URL, Site(outcome=outcome, status=status)).allowed


@pytest.mark.parametrize(
    ("outcome", "status", "named"),
    [
        (Outcome.SERVER_ERROR, 503, Outcome.SERVER_ERROR),
        (Outcome.TRUNCATED, 200, Outcome.TRUNCATED),
        (Outcome.TOO_LARGE, 200, Outcome.ROBOTS_DENIED),
        (Outcome.BLOCKED, 429, Outcome.BLOCKED),
        (Outcome.CHALLENGE, 521, Outcome.CHALLENGE),
        (Outcome.DNS, None, Outcome.DNS),
        (Outcome.CONNECTION, None, Outcome.CONNECTION),
        (Outcome.TIMEOUT, None, Outcome.TIMEOUT),
        (Outcome.TLS, None, Outcome.TLS),
    ],
)
def test_an_unreachable_file_forbids_all_and_says_why(outcome: Outcome, status: int | None, named: Outcome) -> None:
    verdict = Robots(AGENT).verdict(URL, Site(outcome=outcome, status=status))
    assert (verdict.allowed, verdict.outcome, verdict.attempts) == (False, named, 3)
    assert ROBOTS in (verdict.detail or "")
    assert "vendor: why" in (verdict.detail or "")


def test_a_file_is_fetched_once_a_day_for_each_origin(tmp_path: Path) -> None:
    clock, site = Clock(), Site(b"User-agent: *\nDisallow: /zwgk/\n")
    robots = Robots(AGENT, folder=tmp_path, clock=clock)
    for _ in range(3):
        robots.verdict(URL, site)
    robots.verdict("https://www.demo.test/", site)
    assert site.asked == [ROBOTS, "https://www.demo.test/robots.txt"]
    next_run = Robots(AGENT, folder=tmp_path, clock=clock)
    assert not next_run.verdict(URL, site).allowed
    assert len(site.asked) == 2
    clock.now += MAX_AGE + 1
    site.body = b""
    assert next_run.verdict(URL, site).allowed
    assert len(site.asked) == 3


def test_that_there_is_no_file_is_remembered_for_a_day_too_and_ends_the_old_rules(tmp_path: Path) -> None:
    clock, site = Clock(), Site(b"User-agent: *\nDisallow: /zwgk/\n")
    assert not Robots(AGENT, folder=tmp_path, clock=clock).verdict(URL, site).allowed
    clock.now += MAX_AGE + 1
    site.outcome, site.status = Outcome.GONE, 404
    assert Robots(AGENT, folder=tmp_path, clock=clock).verdict(URL, site).allowed
    clock.now += 1
    assert Robots(AGENT, folder=tmp_path, clock=clock).verdict(URL, site).allowed
    assert len(site.asked) == 2
    clock.now += MAX_AGE
    site.outcome, site.status = Outcome.TIMEOUT, None
    assert Robots(AGENT, folder=tmp_path, clock=clock).verdict(URL, site).allowed, "the last thing it said"


@pytest.mark.parametrize("jump", [-1e6, 1e9])
def test_rules_hold_through_any_jump_of_the_clock(tmp_path: Path, jump: float) -> None:
    clock, site = Clock(), Site(b"User-agent: *\nDisallow: /zwgk/\n")
    robots = Robots(AGENT, folder=tmp_path, clock=clock)
    verdicts = [robots.verdict(URL, site).allowed]
    for _ in range(2):  # there and back again
        clock.now += jump
        verdicts += [
            robots.verdict(URL, site).allowed,
            Robots(AGENT, folder=tmp_path, clock=clock).verdict(URL, site).allowed,
        ]
        jump = -jump
    assert verdicts == [False] * 5
    assert len(site.asked) <= 3, "once more after each jump at most"


def test_a_clock_set_back_does_not_keep_a_file_for_ever(tmp_path: Path) -> None:
    clock, site = Clock(), Site(b"")
    robots = Robots(AGENT, folder=tmp_path, clock=clock)
    robots.verdict(URL, site)
    clock.now -= 10
    robots.verdict(URL, site)
    assert len(site.asked) == 2


def test_an_unreachable_file_is_asked_for_again_after_ten_minutes() -> None:
    clock, site = Clock(), Site(outcome=Outcome.SERVER_ERROR, status=500)
    robots = Robots(AGENT, clock=clock)
    assert [robots.verdict(URL, site).allowed for _ in range(3)] == [False] * 3
    assert len(site.asked) == 1
    clock.now += UNREACHABLE_AGE + 1
    site.outcome, site.status = Outcome.OK, 200
    assert robots.verdict(URL, site).allowed


def test_rules_of_the_last_30_days_hold_while_the_file_is_unreachable(tmp_path: Path) -> None:
    clock, site = Clock(), Site(b"User-agent: *\nDisallow: /zwgk/\n")
    robots = Robots(AGENT, folder=tmp_path, clock=clock)
    robots.verdict(URL, site)
    clock.now += MAX_AGE + 1
    site.outcome, site.status = Outcome.TIMEOUT, None
    assert robots.verdict("http://www.demo.test/col/", site).allowed
    assert not robots.verdict(URL, site).allowed
    assert len(site.asked) == 2
    clock.now += UNREACHABLE_AGE + 1
    robots.verdict(URL, site)
    assert len(site.asked) == 3
    clock.now += MAX_STALE
    assert robots.verdict("http://www.demo.test/col/", site).outcome is Outcome.TIMEOUT


def test_an_unreadable_cache_file_is_fetched_again(tmp_path: Path) -> None:
    site = Site(b"User-agent: *\nDisallow: /zwgk/\n")
    Robots(AGENT, folder=tmp_path).verdict(URL, site)
    (file,) = tmp_path.iterdir()
    file.write_text("{", encoding="utf-8")
    assert not Robots(AGENT, folder=tmp_path).verdict(URL, site).allowed
    assert len(site.asked) == 2
