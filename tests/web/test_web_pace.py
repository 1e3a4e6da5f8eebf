"""At most one request each N seconds to a host, over threads and processes, with a slower pace where a host refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.portal.demo import demo_network
from deployments.portal.proxy import Portal
from scrapers.web.pace import SLOWEST, HostPace, PaceState
from tests.web.fake_clock import Clock


def starts(
    pace: HostPace, clock: Clock, host: str, seconds: float, count: int, answer_after: float = 0.0
) -> list[float]:
    times = []
    for _ in range(count):
        with pace.turn(host, seconds) as turn:
            times.append(clock.now)
            clock.now += answer_after
            turn.answered(refused=False)
    return times


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(tmp_path: Path, clock: Clock) -> HostPace:
    return HostPace(tmp_path, clock=clock, sleep=clock.sleep, boot="this")


def test_the_first_request_goes_at_once_and_the_others_keep_the_pace(pace: HostPace, clock: Clock) -> None:
    assert starts(pace, clock, "www.demo.test", 2.0, 3) == [1000.0, 1002.0, 1004.0]


def test_hosts_do_not_wait_for_each_other(pace: HostPace, clock: Clock) -> None:
    assert starts(pace, clock, "a.test", 2.0, 1) + starts(pace, clock, "b.test", 2.0, 1) == [1000.0, 1000.0]


def test_the_pace_counts_from_the_beginning_of_the_last_answer(pace: HostPace, clock: Clock) -> None:
    assert starts(pace, clock, "a.test", 2.0, 3, answer_after=0.5) == [1000.0, 1002.5, 1005.0]


def test_without_an_answer_the_pace_counts_from_the_end_of_the_attempt(pace: HostPace, clock: Clock) -> None:
    def fail() -> None:
        with pace.turn("a.test", 2.0):
            clock.now += 30
            raise TimeoutError

    with pytest.raises(TimeoutError):
        fail()
    assert starts(pace, clock, "a.test", 2.0, 1) == [1032.0]


def test_pace_zero_costs_nothing(tmp_path: Path, clock: Clock) -> None:
    pace = HostPace(tmp_path / "unused", clock=clock, sleep=clock.sleep)
    assert starts(pace, clock, "a.test", 0, 100) == [1000.0] * 100
    assert not (tmp_path / "unused").exists()


def test_the_pace_is_remembered_by_the_next_run(pace: HostPace, clock: Clock, tmp_path: Path) -> None:
    starts(pace, clock, "a.test", 2.0, 1)
    again = HostPace(tmp_path, clock=clock, sleep=clock.sleep, boot="this")
    assert starts(again, clock, "A.test", 2.0, 1) == [1002.0]


def test_after_a_reboot_one_pace_is_waited_whatever_the_clock_says(
    pace: HostPace, clock: Clock, tmp_path: Path
) -> None:
    starts(pace, clock, "a.test", 2.0, 1)
    early = Clock(5.0)
    rebooted = HostPace(tmp_path, clock=early, sleep=early.sleep, boot="next")
    assert starts(rebooted, early, "a.test", 2.0, 2) == [7.0, 9.0]


def test_a_file_torn_by_a_crash_costs_one_pace(pace: HostPace, clock: Clock, tmp_path: Path) -> None:
    starts(pace, clock, "a.test", 2.0, 1)
    (file,) = tmp_path.iterdir()
    for content in (b'{"host": "a.te', b"null", b"[]", b'{"host":"a","boot":"this","x":1}', bytes(100)):
        file.write_bytes(content)
        clock.now = 2000.0
        assert starts(pace, clock, "a.test", 2.0, 1) == [2002.0]


def test_file_names_come_from_no_page(pace: HostPace, clock: Clock, tmp_path: Path) -> None:
    starts(pace, clock, "../../etc/passwd", 1.0, 1)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["host"] == "../../etc/passwd"


def refuse(pace: HostPace, clock: Clock, times: int, retry_after: float | None = None) -> float:
    for _ in range(times):
        with pace.turn("a.test", 1.0) as turn:
            turn.answered(refused=True, retry_after=retry_after)
    return clock.now


def test_refusals_double_the_pace_up_to_a_limit_and_successes_halve_it_back(pace: HostPace, clock: Clock) -> None:
    refuse(pace, clock, 5)  # waits 2, 4, 8, 8
    assert clock.now == 1000 + 2 + 4 + 8 + SLOWEST
    times = starts(pace, clock, "a.test", 1.0, 40)
    gaps = [round(later - sooner, 6) for sooner, later in pairwise(times)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] == SLOWEST
    assert gaps[-1] == 1.0
    assert {gaps.count(gap) for gap in (4.0, 2.0)} == {3}


def test_retry_after_holds_the_host(pace: HostPace, clock: Clock) -> None:
    refuse(pace, clock, 1, retry_after=90.0)
    assert starts(pace, clock, "a.test", 1.0, 1) == [1090.0]


def test_a_shorter_rest_does_not_shorten_the_one_that_was_asked_for_before() -> None:
    state = PaceState().answered(100.0, refused=True, retry_after=90.0).answered(110.0, refused=True, retry_after=5.0)
    assert state.next_start(110.0, 1.0) == 190.0
    assert state.answered(120.0, refused=False, retry_after=300.0).next_start(120.0, 1.0) == 420.0


@pytest.mark.parametrize("jump", [-1e6, 1e6])
def test_a_change_of_the_wall_clock_moves_no_request(tmp_path: Path, clock: Clock, jump: float) -> None:
    wall = Clock(1_795_000_000.0)
    pace = HostPace(tmp_path, clock=clock, sleep=clock.sleep, wall=wall, boot="this")
    first = starts(pace, clock, "a.test", 2.0, 1)
    wall.now += jump
    assert first + starts(pace, clock, "a.test", 2.0, 2) == [1000.0, 1002.0, 1004.0]


def test_a_rest_that_a_host_asked_for_outlasts_a_reboot(pace: HostPace, clock: Clock, tmp_path: Path) -> None:
    wall = Clock(5_000.0)
    before = HostPace(tmp_path, clock=clock, sleep=clock.sleep, wall=wall, boot="this")
    refuse(before, clock, 1, retry_after=90.0)
    wall.now += 30.0
    early = Clock(3.0)
    after = HostPace(tmp_path, clock=early, sleep=early.sleep, wall=wall, boot="next")
    assert starts(after, early, "a.test", 1.0, 1) == [63.0]


def test_machines_that_share_the_folder_keep_one_pace_though_their_clocks_differ(tmp_path: Path) -> None:
    """Two boots, whose monotonic clocks have nothing in common, and wall clocks an hour apart."""
    seconds, at = 0.03, []

    def machine(boot: str, offset: float) -> None:
        pace = HostPace(
            tmp_path,
            clock=lambda: time.monotonic() + offset,
            wall=lambda: time.time() + offset / 300,
            boot=boot,
        )
        for _ in range(20):
            with pace.turn("www.demo.test", seconds) as turn:
                at.append((time.monotonic(), boot))
                turn.answered(refused=False)

    machines = [threading.Thread(target=machine, args=each) for each in (("one", 1e6), ("two", -900.0))]
    for each in machines:
        each.start()
    for each in machines:
        each.join()
    assert Counter(boot for _, boot in at) == {"one": 20, "two": 20}
    times = sorted(moment for moment, _ in at)
    assert min(later - sooner for sooner, later in pairwise(times)) >= seconds


def test_a_stamp_of_a_clock_that_is_ahead_costs_one_pace_and_not_the_difference() -> None:
    assert PaceState(last=5_000.0).next_start(100.0, 2.0) == 102.0


def test_a_pace_slower_than_the_limit_of_refusals_is_kept() -> None:
    state = PaceState(last=100.0).answered(100.0, refused=True)
    assert state.next_start(100.0, 20.0) == 120.0


@given(
    st.floats(0.1, 60),
    st.lists(st.tuples(st.floats(0, 100), st.booleans(), st.none() | st.floats(0, 50)), max_size=30),
)
def test_no_two_requests_are_closer_than_the_pace(pace: float, events: list[tuple[float, bool, float | None]]) -> None:
    state, now, last = PaceState(), 0.0, None
    for passed, refused, retry_after in events:
        now += passed
        start = state.next_start(now, pace)
        assert start >= now
        if last is not None:
            assert start - last >= pace * (1 - 1e-9)
        state = state.started(start).answered(start, refused=refused, retry_after=retry_after)
        now = last = start
        assert state.slowdown >= 1.0


_PROCESS = """
import sys, time, pathlib
from scrapers.web.pace import HostPace
pace = HostPace(pathlib.Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with pace.turn("www.demo.test", float(sys.argv[3])) as turn:
        print(time.monotonic(), flush=True)
        turn.answered(refused=False)
"""


def test_three_processes_keep_one_pace(tmp_path: Path) -> None:
    seconds = 0.05
    running = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, str(tmp_path), "10", str(seconds)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    times = sorted(float(line) for process in running for line in process.communicate()[0].split())
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(times) == 30
    assert min(later - sooner for sooner, later in pairwise(times)) >= seconds


_CRAWLER = """
import sys, pathlib
from scrapers.records import Outcome, Request
from scrapers.web.client import Client, ClientSettings
from scrapers.web.pace import HostPace
folder, proxy, pace, *urls = sys.argv[1:]
settings = ClientSettings("nianbao-test/1.0", proxy=proxy, pace_seconds=float(pace), robots_folder=pathlib.Path(folder))
with Client(settings, None, HostPace(pathlib.Path(folder))) as client:
    for url in urls:
        host = url.split("/")[2]
        print(client.fetch(Request(url), hosts=(host,)).capture.outcome, flush=True)
"""


def test_three_crawlers_of_one_host_keep_the_pace_by_the_log_of_the_site(tmp_path: Path) -> None:
    seconds, each = 0.04, 70
    network = demo_network()
    sites = ([url for url in site.addresses() if "/art/" in url] for site in network.sites)
    pages = max(sites, key=len)
    with Portal(network) as portal:
        running = [
            subprocess.Popen(
                [
                    *(sys.executable, "-c", _CRAWLER, str(tmp_path), portal.url, str(seconds)),
                    *(pages[(number * each + page) % len(pages)] for page in range(each)),
                ],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(3)
        ]
        outcomes = Counter(line for process in running for line in process.communicate()[0].split())
    assert outcomes == {"ok": 3 * each}
    times = sorted(access.at for access in portal.log)
    assert len(times) >= 3 * each
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert min(gaps) >= seconds * 0.95


def test_a_process_killed_in_its_turn_does_not_keep_it(tmp_path: Path) -> None:
    hold = _PROCESS.replace("turn.answered(refused=False)", "time.sleep(60)")
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path), "1", "0.05"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    with HostPace(tmp_path).turn("www.demo.test", 0.05) as turn:
        turn.answered(refused=False)
