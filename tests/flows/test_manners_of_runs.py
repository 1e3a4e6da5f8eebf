"""A run that keeps away from a host loses nothing: what it did not ask for stays as it was, and the next run asks."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.exchange import Answer, Asked, plain_answer
from deployments.portal.network import Network
from deployments.portal.proxy import Portal
from flows.commands.doctor import doctor_command
from flows.crawling.crawl_run import crawl_plainly
from flows.crawling.run_summary import RunSummary
from flows.crawling.web_client import run_pace, web_client
from flows.settings import Settings
from scrapers.records import Outcome
from scrapers.sources.registry import load_sources, select_sources
from scrapers.web.quiet_hours import CHINA
from warehouse.query import run_sql

HOST = "www.qinghe-demo.gov.cn"
OF_HOST = ["qinglan/qinghe"]


class Moody(Network):
    """The demo network, whose detail pages all fail while it is in a bad mood."""

    def __init__(self) -> None:
        super().__init__(demo_network().sites)
        self.failing = False

    def answer(self, asked: Asked) -> Answer:
        if self.failing and "/art/" in asked.path:
            return plain_answer(500, "database error")
        return super().answer(asked)


@pytest.fixture(scope="module")
def network() -> Moody:
    return Moody()


@pytest.fixture
def portal(network: Moody) -> Iterator[Portal]:
    network.failing = False
    with Portal(network) as running:
        yield running


def run(data: Path, portal: Portal, ids: list[str] = OF_HOST, sources: Path = SOURCES, **more: Any) -> RunSummary:
    settings = Settings(data_dir=data, sources_dir=sources, proxy=portal.url, **({"pace_seconds": 0} | more))
    everything = load_sources(sources)
    return crawl_plainly(settings, select_sources(everything, ids=ids), everything)


def ask(data: Path, query: str) -> tuple[tuple[Any, ...], ...]:
    return run_sql(Settings(data_dir=data).reader_path, query).rows


def reports(data: Path) -> tuple[tuple[Any, ...], ...]:
    return ask(data, "SELECT url, report_type, report_year, title, published FROM reports ORDER BY url")


@pytest.mark.slow
def test_runs_on_a_small_budget_go_on_where_the_last_one_ended(tmp_path: Path, portal: Portal) -> None:
    run(tmp_path / "whole", portal)
    asked_at_once = len(portal.log)
    sent, summary = [], None
    for _ in range(20):
        before = len(portal.log)
        summary = run(tmp_path / "pieces", portal, max_requests_per_host=12)
        sent.append(len(portal.log) - before)
        if not summary.problems:
            break
        assert "budget: the 12 requests of this run to" in " ".join(summary.problems)
        assert summary.failed == 0
        assert ask(tmp_path / "pieces", "SELECT count(*) FROM problems WHERE kind = 'page'") == ((0,),)
    assert summary is not None
    assert summary.problems == ()
    assert max(sent) <= 12
    assert len(sent) >= 2
    assert reports(tmp_path / "pieces") == reports(tmp_path / "whole")
    asked = Counter(access.url for access in portal.log[asked_at_once:])
    again = {url: times for url, times in asked.items() if times > 1 and "/art/" in url}
    assert again == {}, "no report is fetched twice"
    assert sum(sent) <= asked_at_once + 3 * len(sent), "a run in pieces asks for the lists' first pages again, no more"


def test_a_host_that_goes_down_in_the_middle_is_left_alone_and_crawled_when_it_is_back(
    tmp_path: Path, portal: Portal, network: Moody
) -> None:
    run(tmp_path / "whole", portal)
    network.failing = True
    summary = run(tmp_path / "data", portal, max_attempts=1, circuit_cooldown=0.01)
    (tally,) = summary.tallies
    assert tally.failed >= 5
    assert tally.postponed.total() == tally.wanted - tally.failed > 0
    assert "pages not asked for, which the next run asks for: " in summary.problems[-1]
    assert "circuit open since" in summary.problems[-1]
    states = dict(
        ask(
            tmp_path / "data",
            "SELECT state, count(*) FROM raw_candidates WHERE state IN ('wanted', 'failed') GROUP BY 1",
        )
    )
    assert states == {"failed": tally.failed, "wanted": tally.postponed.total()}
    outcomes = dict(ask(tmp_path / "data", "SELECT outcome, count(*) FROM raw_captures GROUP BY outcome"))
    assert outcomes["server_error"] == tally.failed
    assert Outcome.NOT_ASKED not in outcomes, "what was not asked for is no capture"
    network.failing = False
    again = run(tmp_path / "data", portal)
    assert again.problems == ()
    assert reports(tmp_path / "data") == reports(tmp_path / "whole")


def test_an_open_circuit_leaves_the_standing_of_held_pages_and_of_the_column_as_it_was(
    tmp_path: Path, portal: Portal, network: Moody
) -> None:
    run(tmp_path, portal)
    before = [ask(tmp_path, query) for query in (_COVERAGE, _PAGES, _LISTINGS)]
    network.failing = True
    settings = {"circuit_failures": 1, "max_attempts": 1, "circuit_cooldown": 3600.0}
    everything = load_sources(SOURCES)
    chosen = select_sources(everything, ids=OF_HOST)
    plain = Settings(data_dir=tmp_path, sources_dir=SOURCES, proxy=portal.url, pace_seconds=0, **settings)  # type: ignore[arg-type]
    opening = crawl_plainly(plain, chosen, everything, recheck_after=timedelta(0))
    assert opening.tallies[0].failed == 1
    failed = ask(tmp_path, "SELECT count(*) FROM problems WHERE kind = 'page'")
    sent = len(portal.log)
    shut = crawl_plainly(plain, chosen, everything, recheck_after=timedelta(0), relist=True)
    assert len(portal.log) == sent, "nothing is asked, not even for the list"
    assert shut.tallies[0].failed == 0
    assert any("not_asked: " in problem and "circuit open" in problem for problem in shut.problems)
    assert ask(tmp_path, "SELECT count(*) FROM problems WHERE kind = 'page'") == failed == ((1,),)
    after = [ask(tmp_path, query) for query in (_COVERAGE, _PAGES, _LISTINGS)]
    assert after[0] == before[0]
    assert after[2] == before[2]
    assert len(set(before[1]) - set(after[1])) == 1, "the one page that did fail"


_COVERAGE = """SELECT report_type, report_year, state FROM coverage_on(DATE '2026-12-01')
               WHERE source_id = 'qinglan/qinghe' ORDER BY ALL"""
_PAGES = "SELECT url, last_outcome, failures, gone_checks FROM core_pages WHERE url LIKE '%/art/%' ORDER BY url"
_LISTINGS = "SELECT DISTINCT column_url, outcome FROM raw_listings ORDER BY ALL"


def test_at_the_quiet_hours_of_a_source_its_host_is_left_alone_and_the_others_are_crawled(
    tmp_path: Path, portal: Portal
) -> None:
    registry = shutil.copytree(SOURCES, tmp_path / "sources")
    now = datetime.now(UTC).astimezone(CHINA)
    hours = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    file = registry / "qinglan" / "qinghe.toml"
    file.write_text(file.read_text("utf-8").replace("first_year", f'quiet_hours = "{hours}"\nfirst_year'), "utf-8")
    both = [*OF_HOST, "yunling/yanxi"]
    summary = run(tmp_path / "data", portal, both, registry)
    assert [access.url for access in portal.log if HOST in access.url] == []
    quiet, crawled = summary.tallies
    assert (quiet.new, quiet.failed) == (0, 0)
    assert crawled.new > 0
    assert any(f"quiet hours {hours} (China time), until" in problem for problem in summary.problems)
    coverage = ask(tmp_path / "data", "SELECT DISTINCT state FROM coverage WHERE source_id = 'qinglan/qinghe'")
    assert set(coverage) <= {("not_crawled",), ("not_yet_due",)}
    file.write_text(
        file.read_text("utf-8").replace(hours, f"{now + timedelta(hours=3):%H:%M}-{now + timedelta(hours=4):%H:%M}"),
        "utf-8",
    )
    assert run(tmp_path / "data", portal, both, registry).tallies[0].new > 0


def test_a_list_that_the_budget_cut_short_is_not_a_broken_column(tmp_path: Path, portal: Portal) -> None:
    run(tmp_path, portal, max_requests_per_host=3)
    listings = ask(tmp_path, "SELECT outcome, len(unread_pages) > 0 FROM raw_listings")
    states = {
        state for (state,) in ask(tmp_path, "SELECT DISTINCT state FROM coverage WHERE source_id = 'qinglan/qinghe'")
    }
    assert ("not_asked", True) in listings
    assert "column_broken" not in states
    assert "not_crawled" in states


def test_doctor_names_the_hosts_that_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data_dir=tmp_path, sources_dir=SOURCES)
    (tmp_path / "state").mkdir()
    pace = run_pace(settings)
    for _ in range(settings.circuit_failures):
        with pace.turn("www.demo.test", 0) as turn:
            turn.ended(Outcome.TIMEOUT)
    assert doctor_command(settings) == 1
    shown = capsys.readouterr().out
    assert "www.demo.test" in shown
    assert "circuit open" in shown


def test_settings_of_manners_reach_the_client(tmp_path: Path) -> None:
    source = replace(load_sources(SOURCES)[0], hosts=("a.test:8080", "b.test"), quiet_hours="22:00-06:00")
    other = replace(source, hosts=("b.test",), quiet_hours="12:00-13:00")
    settings = Settings(data_dir=tmp_path, quiet_hours="08:00-18:00", max_requests=7, circuit_failures=9)
    with web_client(settings, sources=(source, other)) as client:
        assert {host: [str(hours) for hours in client._hours(host)] for host in ("a.test", "b.test", "c.test")} == {
            "a.test": ["22:00-06:00"],
            "b.test": ["12:00-13:00", "22:00-06:00"],
            "c.test": ["08:00-18:00"],
        }
