"""One pace over machines that share no folder: whoever holds the lease of a host is the only one to ask it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from flows.crawling.crawl_run import CrawlRun
from flows.crawling.shared_pace import LEASE, REMEMBERED, RENEW_AFTER, WAIT, LeasedPace, LeaseError, PrefectLeases
from flows.crawling.web_client import run_pace
from flows.serving.prefect_server import prefect_server
from flows.settings import Settings, SettingsError
from scrapers.web.pace import HostPace, NotAskedError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Keeper:
    """The server, as far as leases go: it forgets those that are not renewed, and can be out of reach."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.out_of_reach = False
        self.held: dict[str, tuple[UUID, float]] = {}
        self.asked: Counter[str] = Counter()

    def _called(self, what: str) -> None:
        self.asked[what] += 1
        if self.out_of_reach:
            raise LeaseError("the Prefect server that keeps the pace fails: out of reach")

    def acquire(self, host: str, seconds: float) -> UUID | None:
        self._called("acquire")
        if host in self.held and self.held[host][1] > self.clock.now:
            return None
        self.held[host] = uuid.uuid4(), self.clock.now + seconds
        return self.held[host][0]

    def renew(self, lease: UUID, seconds: float) -> bool:
        self._called("renew")
        for host, (held, until) in self.held.items():
            if held == lease and until > self.clock.now:
                self.held[host] = lease, self.clock.now + seconds
                return True
        return False

    def release(self, lease: UUID) -> None:
        self._called("release")
        self.held = {host: one for host, one in self.held.items() if one[0] != lease}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keeper(clock: Clock) -> Keeper:
    return Keeper(clock)


def machine(folder: Path, clock: Clock, keeper: Keeper) -> LeasedPace:
    return LeasedPace(HostPace(folder, clock=clock, sleep=clock.sleep), keeper, clock=clock, sleep=clock.sleep)


def ask(pace: LeasedPace, clock: Clock, host: str = "a.test") -> float:
    with pace.turn(host, 2.0) as turn:
        turn.answered(refused=False)
        return clock.now


def test_after_getting_the_lease_a_whole_pace_is_waited_and_then_the_folder_keeps_it(
    tmp_path: Path, clock: Clock, keeper: Keeper
) -> None:
    pace = machine(tmp_path, clock, keeper)
    with pace.crawling(["a.test"]):
        assert [ask(pace, clock) for _ in range(3)] == [1002.0, 1004.0, 1006.0]
    assert keeper.asked == {"acquire": 1, "release": 1}


def test_two_machines_take_turns_and_never_come_closer_than_the_pace(
    tmp_path: Path, clock: Clock, keeper: Keeper
) -> None:
    one, two = (machine(tmp_path / name, clock, keeper) for name in ("one", "two"))
    at = []
    for pace in (one, two, one, two):
        with pace.crawling(["a.test"]):
            at += [ask(pace, clock) for _ in range(2)]
    assert min(later - sooner for sooner, later in pairwise(at)) >= 2.0


def test_a_host_that_another_machine_crawls_is_waited_for_and_then_left_to_it(
    tmp_path: Path, clock: Clock, keeper: Keeper
) -> None:
    one, two = (machine(tmp_path / name, clock, keeper) for name in ("one", "two"))
    with one.crawling(["a.test"]):
        ask(one, clock)
        began = clock.now
        with pytest.raises(NotAskedError, match=r"a\.test is being crawled from elsewhere"):
            ask(two, clock)
        assert WAIT <= clock.now - began <= WAIT + 2
        tried = keeper.asked["acquire"]
        with pytest.raises(NotAskedError):
            ask(two, clock)
        assert keeper.asked["acquire"] == tried, "a thousand pages do not wait a thousand times"
    clock.now += REMEMBERED
    ask(two, clock)


def test_a_lease_is_renewed_as_requests_go_on(tmp_path: Path, clock: Clock, keeper: Keeper) -> None:
    pace = machine(tmp_path, clock, keeper)
    with pace.crawling(["a.test"]):
        for _ in range(10):
            ask(pace, clock)
            clock.now += RENEW_AFTER / 2
        assert 3 <= keeper.asked["renew"] <= 5
        assert keeper.asked["acquire"] == 1


def test_a_lease_that_ran_out_is_taken_anew_with_a_whole_pace(tmp_path: Path, clock: Clock, keeper: Keeper) -> None:
    one, two = (machine(tmp_path / name, clock, keeper) for name in ("one", "two"))
    with one.crawling(["a.test"]):
        ask(one, clock)
        clock.now += LEASE + 1  # a page that took minutes to read
        ask(two, clock)
        last = clock.now
        assert ask(one, clock) >= last + 2.0
    assert keeper.asked["acquire"] == 3


def test_while_the_server_is_out_of_reach_no_request_is_sent(tmp_path: Path, clock: Clock, keeper: Keeper) -> None:
    pace = machine(tmp_path, clock, keeper)
    with pace.crawling(["a.test"]):
        ask(pace, clock)
        keeper.out_of_reach = True
        clock.now += RENEW_AFTER
        with pytest.raises(NotAskedError, match="out of reach"):
            ask(pace, clock)
    keeper.out_of_reach = False
    clock.now += LEASE
    ask(pace, clock)


def test_a_host_outside_of_the_crawl_is_held_for_its_request_alone(
    tmp_path: Path, clock: Clock, keeper: Keeper
) -> None:
    """Whoever holds one host and wants another must not make two machines wait for each other."""
    pace = machine(tmp_path, clock, keeper)
    with pace.crawling(["a.test"]):
        ask(pace, clock)
        ask(pace, clock, "b.test")
        assert set(keeper.held) == {"a.test"}


def test_pace_zero_needs_no_lease(tmp_path: Path, clock: Clock, keeper: Keeper) -> None:
    with machine(tmp_path, clock, keeper).turn("a.test", 0) as turn:
        turn.ended(None)
    assert keeper.asked == {}


def test_a_server_that_only_this_command_has_cannot_keep_the_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path, pace_store="prefect")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    with pytest.raises(SettingsError, match="set PREFECT_API_URL"):
        run_pace(settings)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    monkeypatch.setenv("PREFECT_HOME", str(settings.prefect_home.resolve()))
    with pytest.raises(SettingsError, match="no other machine's"), CrawlRun(settings, (), ()):
        pass
    assert not settings.warehouse_path.exists(), "nothing was begun"


_MACHINE = """
import sys, time, pathlib
from flows.crawling.shared_pace import LeasedPace
from scrapers.web.pace import HostPace, NotAskedError
pace = LeasedPace(HostPace(pathlib.Path(sys.argv[1])))
for _ in range(2):
    with pace.crawling(["www.demo.test"]):
        left = 5
        while left:
            try:
                with pace.turn("www.demo.test", 0.1) as turn:
                    print(time.monotonic(), flush=True)
                    turn.answered(refused=False)
                    left -= 1
            except NotAskedError:  # the server was slow for longer than a turn is waited for: asked again later
                time.sleep(1)
"""


@pytest.mark.slow
def test_three_machines_keep_one_pace_by_a_prefect_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)
    with prefect_server(tmp_path / "prefect") as url:
        running = [
            subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", _MACHINE, str(tmp_path / str(number))],
                env=os.environ | {"PREFECT_API_URL": url},
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(3)
        ]
        times = sorted(float(line) for process in running for line in process.communicate(timeout=400)[0].split())
        leases = PrefectLeases()
        lease = leases.acquire("b.test", LEASE)
        assert lease is not None
        assert leases.acquire("b.test", LEASE) is None
        assert leases.renew(lease, LEASE)
        leases.release(lease)
        assert not leases.renew(lease, LEASE)
    assert len(times) == 30
    assert min(later - sooner for sooner, later in pairwise(times)) >= 0.1
    monkeypatch.setenv("PREFECT_API_URL", url)
    began = time.monotonic()
    with pytest.raises(LeaseError, match=r"127\.0\.0\.1"):
        leases.acquire("b.test", LEASE)
    assert time.monotonic() - began < 15, "a host's turn is held meanwhile"
