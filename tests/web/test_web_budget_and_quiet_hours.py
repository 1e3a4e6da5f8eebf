"""How much a run may ask, and at which hours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.records import Capture, Outcome, Request
from scrapers.web.budget import Budget
from scrapers.web.circuit import CircuitLimits
from scrapers.web.client import Client, ClientSettings
from scrapers.web.pace import HostPace, Pace
from scrapers.web.quiet_hours import CHINA, QuietHours
from tests.web.loopback_site import HOSTS, Site, redirect, response

OFFICE = QuietHours.parse("08:00-18:00")
NIGHT = QuietHours.parse("22:00-06:00")


class Watch:
    """The time of day; waiting moves it, unless somebody interrupts."""

    def __init__(self, hour: int, minute: int = 0) -> None:
        self.now = datetime(2026, 11, 23, hour, minute, tzinfo=CHINA)
        self.slept: list[float] = []
        self.interrupted = False

    def __call__(self) -> datetime:
        return self.now.astimezone(UTC)

    def seconds(self) -> float:
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if not self.interrupted:
            self.now += timedelta(seconds=seconds)


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def make(
        watch: Watch | None = None,
        quiet: dict[str, tuple[QuietHours, ...]] | None = None,
        pace: Pace | None = None,
        **settings: object,
    ) -> Client:
        chosen = {"allow_private_addresses": True, "pace_seconds": 0.0, "backoff_seconds": 0.0}
        watch = watch or Watch(12)
        client = Client(
            ClientSettings("nianbao-test/1.0", **{**chosen, **settings}),  # type: ignore[arg-type]
            None,
            pace or HostPace(tmp_path / "pace", limits=CircuitLimits(failures=0)),
            quiet_hours=quiet,
            sleep=watch.sleep,
            now=watch,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def ask(client: Client, site: Site, path: str = "/a") -> Capture:
    return client.fetch(Request(site.url(path)), hosts=HOSTS).capture


# ---------------------------------------------------------------------------------------------- budget


def test_robots_txt_redirects_and_further_tries_are_paid_from_the_budget(
    site: Site, new: Callable[..., Client]
) -> None:
    site.answers |= {"/r": redirect("/a"), "/broken": response(b"oops", "500 Internal Server Error")}
    client = new(max_requests_per_host=6)
    assert ask(client, site, "/r").outcome is Outcome.OK  # robots.txt, /r, /a
    assert ask(client, site, "/broken").attempts == 3
    capture = ask(client, site)
    assert (len(site.seen), capture.outcome, capture.attempts) == (6, Outcome.NOT_ASKED, 0)
    assert capture.detail == ("budget: the 6 requests of this run to 127.0.0.1 are spent (max_requests_per_host)")


def test_a_fetch_whose_budget_ends_between_two_tries_says_how_the_last_one_ended(
    site: Site, new: Callable[..., Client]
) -> None:
    site.default = response(b"oops", "500 Internal Server Error")
    capture = ask(new(max_requests_per_host=3), site)
    assert (capture.outcome, capture.attempts) == (Outcome.SERVER_ERROR, 2)
    assert (capture.detail or "").startswith("status 500; not asked again: budget: ")


def test_another_host_has_a_budget_of_its_own_within_that_of_the_run(site: Site, new: Callable[..., Client]) -> None:
    client = new(max_requests_per_host=2, max_requests=3, obey_robots=False)
    hosts = ("127.0.0.1", "localhost")
    outcomes = [
        client.fetch(Request(site.url("/a", host=host)), hosts=hosts).capture.outcome
        for host in ("127.0.0.1", "127.0.0.1", "127.0.0.1", "localhost", "localhost")
    ]
    assert outcomes == [Outcome.OK, Outcome.OK, Outcome.NOT_ASKED, Outcome.OK, Outcome.NOT_ASKED]


def test_threads_do_not_overdraw_a_budget() -> None:
    budget = Budget(per_host=100)
    granted: list[bool] = []

    def spend() -> None:
        granted.extend(budget.spend("a.test") is None for _ in range(50))

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(granted), sum(granted)) == (200, 100)


# ---------------------------------------------------------------------------------------------- quiet hours


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        (OFFICE, "2026-11-23 07:59", None),
        (OFFICE, "2026-11-23 08:00", "2026-11-23 18:00"),
        (OFFICE, "2026-11-23 17:59", "2026-11-23 18:00"),
        (OFFICE, "2026-11-23 18:00", None),
        (NIGHT, "2026-11-23 21:59", None),
        (NIGHT, "2026-11-23 22:00", "2026-11-24 06:00"),
        (NIGHT, "2026-11-24 00:00", "2026-11-24 06:00"),
        (NIGHT, "2026-11-24 06:00", None),
        (NIGHT, "2026-12-31 23:00", "2027-01-01 06:00"),
        (QuietHours.parse("20:00-24:00"), "2026-11-23 23:59", "2026-11-24 00:00"),
        (QuietHours.parse("20:00-24:00"), "2026-11-24 00:00", None),
    ],
)
def test_quiet_hours_are_hours_in_china_and_may_cross_midnight(hours: QuietHours, at: str, until: str | None) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=CHINA)
    expected = None if until is None else datetime.fromisoformat(until).replace(tzinfo=CHINA)
    assert hours.ends_at(moment) == expected
    assert hours.ends_at(moment.astimezone(UTC)) == expected, "wherever the crawler stands"


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.sampled_from([OFFICE, NIGHT])
)
def test_quiet_hours_end_within_the_day_and_are_over_then(moment: datetime, hours: QuietHours) -> None:
    end = hours.ends_at(moment)
    if end is not None:
        assert timedelta() < end - moment <= timedelta(hours=24)
        assert hours.ends_at(end) is None


@pytest.mark.parametrize("wrong", ["", "8-18", "08:00", "25:00-26:00", "08:00-08:00", "00:00-24:00", "08:00-24:30"])
def test_what_are_no_hours_is_refused_with_a_pattern_to_follow(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"08:00-18:00|no columns"):
        QuietHours.parse(wrong)


def test_at_quiet_hours_no_request_is_sent_not_even_for_robots_txt(site: Site, new: Callable[..., Client]) -> None:
    capture = ask(new(Watch(12), quiet_hours=OFFICE), site)
    assert (capture.outcome, site.seen) == (Outcome.NOT_ASKED, [])
    assert capture.detail == "quiet hours 08:00-18:00 (China time), until 2026-11-23 18:00"
    assert ask(new(Watch(19), quiet_hours=OFFICE), site).outcome is Outcome.OK


def test_hours_of_a_host_stand_in_for_those_of_all(site: Site, new: Callable[..., Client]) -> None:
    of_host = {"127.0.0.1": (NIGHT,)}
    assert ask(new(Watch(12), of_host, quiet_hours=OFFICE), site).outcome is Outcome.OK
    assert ask(new(Watch(23), of_host, quiet_hours=OFFICE), site).outcome is Outcome.NOT_ASKED


def test_quiet_hours_that_begin_in_the_middle_of_a_run_are_kept(site: Site, new: Callable[..., Client]) -> None:
    watch = Watch(7, 59)
    client = new(watch, quiet_hours=OFFICE)
    assert ask(client, site).outcome is Outcome.OK
    watch.now += timedelta(minutes=1)
    assert ask(client, site).outcome is Outcome.NOT_ASKED


def test_quiet_hours_that_begin_while_a_request_waits_for_its_turn_are_kept(
    site: Site, new: Callable[..., Client], tmp_path: Path
) -> None:
    watch = Watch(7, 59)
    pace = HostPace(tmp_path / "slow", clock=watch.seconds, sleep=watch.sleep)
    client = new(watch, pace=pace, quiet_hours=OFFICE, obey_robots=False, pace_seconds=60.0)
    assert ask(client, site, "/a").outcome is Outcome.OK
    capture = ask(client, site, "/b")
    assert (capture.outcome, site.asked("/b"), watch.slept) == (Outcome.NOT_ASKED, [], [60.0])
    assert (capture.detail or "").startswith("quiet hours 08:00-18:00")


def test_quiet_hours_that_begin_between_two_tries_end_the_fetch(site: Site, new: Callable[..., Client]) -> None:
    watch = Watch(7, 59)
    site.answers["/a"] = response(b"", "503 Busy", Retry_After="60")
    capture = ask(new(watch, quiet_hours=OFFICE), site)
    assert (capture.outcome, capture.attempts) == (Outcome.SERVER_ERROR, 1)
    assert "not asked again: quiet hours 08:00-18:00" in (capture.detail or "")


def test_quiet_hours_that_end_soon_are_waited_for(site: Site, new: Callable[..., Client]) -> None:
    watch = Watch(17, 50)
    assert ask(new(watch, quiet_hours=OFFICE, quiet_hours_wait=900.0), site).outcome is Outcome.OK
    assert watch.slept[0] == 600.0
    assert ask(new(Watch(17, 44), quiet_hours=OFFICE, quiet_hours_wait=900.0), site).outcome is Outcome.NOT_ASKED


def test_a_run_that_is_stopped_while_it_waits_sends_nothing(site: Site, new: Callable[..., Client]) -> None:
    watch = Watch(17, 50)
    watch.interrupted = True
    assert ask(new(watch, quiet_hours=OFFICE), site).outcome is Outcome.NOT_ASKED
    assert site.seen == []
