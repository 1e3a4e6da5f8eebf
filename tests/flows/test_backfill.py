"""A backfill on the portal, without Prefect: only what is lacking, the same rows as a crawl, and crawls go first."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.backfilling.backfill_run import BackfillSummary, backfill_plainly
from flows.backfilling.parameters import BackfillParameters
from flows.backfilling.plan import Scope, plan_backfill, work_of
from flows.crawling.crawl_run import crawl_plainly
from flows.crawling.host_precedence import HostPrecedence
from flows.settings import Settings
from flows.upkeep.registry import load_registry
from scrapers.records import Column, KnownColumn, Level, Outcome, ReportType, Source
from scrapers.report_years import parse_years, spelt
from scrapers.sources.registry import load_sources, select_sources
from tests.flows.command_line import nianbao
from tests.flows.test_killed_crawl import content
from warehouse.ledgers.crawl_ledger import SourceLedger
from warehouse.ledgers.wanted import WantedYear
from warehouse.query import run_sql

REGISTRY = load_sources(SOURCES)
CHOSEN = select_sources(REGISTRY, ids=["qinglan/qinghe", "qinglan/qinghe_liuzhi", "yunling/yanxi"])
"""Two publishers of one host, and one of another."""
PAST = Scope(frozenset(range(2017, 2021)), slice_years=2)


def settings(data: Path, portal: Portal, **changed: Any) -> Settings:
    return Settings(data_dir=data, proxy=portal.url, pace_seconds=0, sources_dir=SOURCES, **changed)


def backfilled(data: Path, portal: Portal, scope: Scope = PAST, **changed: object) -> BackfillSummary:
    return backfill_plainly(settings(data, portal, **changed), CHOSEN, REGISTRY, scope)


def years_held(data: Path) -> set[int]:
    rows = run_sql(Settings(data_dir=data).reader_path, "SELECT DISTINCT report_year FROM reports").rows
    return {year for (year,) in rows}


def test_years_are_spans_and_lists() -> None:
    assert parse_years("2016-2018, 2020") == {2016, 2017, 2018, 2020}
    assert spelt({2016, 2017, 2018, 2020}) == "2016-2018, 2020"
    for wrong in ("", "2018-2016", "18", "2016-", "last year"):
        with pytest.raises(ValueError, match="years"):
            parse_years(wrong)


def test_only_the_years_asked_for_come_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        first = backfilled(tmp_path, portal)
        assert years_held(tmp_path) == set(PAST.years)
        assert [one.slice.name for one in first.slices if "yanxi" in one.slice.name] == [
            "www.yanxi-demo.gov.cn 2019-2020",
            "www.yanxi-demo.gov.cn 2017-2018",
        ]
        asked = len(portal.log)
        again = backfilled(tmp_path, portal)
        assert len(portal.log) == asked
    assert again.slices == ()
    assert all(work.is_done for work in again.plan.work)


def test_a_year_that_was_sought_and_not_found_is_sought_again_only_after_a_while(tmp_path: Path) -> None:
    with Portal(demo_network(range(2018, 2026))) as portal:
        backfilled(tmp_path, portal)
        asked = len(portal.log)
        summary = backfilled(tmp_path, portal)
        assert len(portal.log) == asked, "2017 is not listed, which was seen a moment ago"
        assert {one.year for work in summary.plan.work for one in work.missing} == {2017}
        backfilled(tmp_path, portal, Scope(PAST.years, list_again_after=PAST.list_again_after * 0))
        assert {line.status for line in portal.log[asked:]} == {200}
        assert 0 < len(portal.log) - asked <= 6, "one page of each list, and no report"


def test_backfill_and_crawl_together_leave_what_a_crawl_alone_leaves(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        backfilled(tmp_path / "both", portal)
        crawl_plainly(settings(tmp_path / "both", portal), CHOSEN, REGISTRY)
        both = len(portal.log)
        crawl_plainly(settings(tmp_path / "alone", portal), CHOSEN, REGISTRY)
        alone = len(portal.log) - both
    found, expected = (content(Settings(data_dir=tmp_path / name).reader_path) for name in ("both", "alone"))
    assert found == expected
    assert both <= alone + 12, "besides the lists nothing is asked twice"


def test_a_crawl_of_some_years_goes_the_same_way(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        crawl_plainly(settings(tmp_path / "crawl", portal), CHOSEN, REGISTRY, years=PAST.years)
        backfilled(tmp_path / "backfill", portal)
    texts = "SELECT url, report_year, text FROM report_texts ORDER BY url"
    found, expected = (run_sql(Settings(data_dir=tmp_path / n).reader_path, texts).rows for n in ("backfill", "crawl"))
    assert found == expected
    assert len(found) > 15


def test_a_bound_on_requests_ends_the_run_and_the_next_goes_on(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        whole = backfilled(tmp_path / "whole", portal).run.new
        sent = len(portal.log)
        runs = [backfilled(tmp_path / "parts", portal, max_requests=20).run for _ in range(6)]
        assert len(portal.log) - sent <= sent + 4
    assert any("budget" in problem for problem in runs[0].problems)
    assert sum(run.new for run in runs) == whole
    assert (
        content(Settings(data_dir=tmp_path / "parts").reader_path)["texts"]
        == (content(Settings(data_dir=tmp_path / "whole").reader_path)["texts"])
    )


def test_the_plan_says_what_is_wanted_held_missing_and_blocked_and_asks_no_site(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        of = settings(tmp_path, portal)
        unknown = replace(CHOSEN[0], id="qinglan/nowhere", columns=(), column_unknown="the site has no such column")
        load_registry(of, (*REGISTRY, unknown))
        plan = plan_backfill(of, (*REGISTRY, unknown), PAST, workers=2)
        assert portal.log == []
        by_id = {work.source.id: work for work in plan.work}
        assert len(by_id["qinglan/qinghe"].missing) == 8, "two types, four years"
        assert {one.state for one in by_id["qinglan/nowhere"].blocked} == {"column_unknown"}
        assert by_id["qinglan/nowhere"].is_done, "there is nothing to ask"
        portal.inject("status_403", host="www.yanxi-demo.gov.cn")
        backfilled(tmp_path, portal)
        plan = plan_backfill(of, CHOSEN, PAST, workers=2)
    yanxi = next(work for work in plan.work if work.source.id == "yunling/yanxi")
    assert {one.state for one in yanxi.blocked} == {"blocked"}
    assert len([work for work in plan.work if len(work.held) == len(work.wanted)]) == 2
    assert plan.requests == yanxi.requests > 0


TODAY = datetime(2026, 11, 23, tzinfo=UTC)
LAW, OPEN = "http://a.test/law/", "http://a.test/open/"
COUNTY = Source(
    "x/county",
    "某县人民政府",
    Level.COUNTY,
    ("a.test",),
    (
        Column(LAW, "plain", (ReportType.RULE_OF_LAW,)),
        Column(OPEN, "plain", (ReportType.DISCLOSURE,)),
    ),
)
READ_FAR_ENOUGH = KnownColumn(
    LAW, Outcome.OK, (), frozenset(), since=date(2017, 12, 1), listed_at=TODAY - timedelta(days=29)
)


def lists_of(law: KnownColumn | None, *states: str) -> tuple[str, ...]:
    """The lists that a backfill of 2018 and 2019 reads, where the years of the county's rule-of-law reports have these
    states and its disclosure reports are all held."""
    wanted = [WantedYear(COUNTY.id, ReportType.RULE_OF_LAW, 2018 + nth, state) for nth, state in enumerate(states)]
    wanted += [WantedYear(COUNTY.id, ReportType.DISCLOSURE, year, "held") for year in (2018, 2019)]
    ledger = SourceLedger(columns={} if law is None else {LAW: law})
    return work_of(COUNTY, ledger, wanted, Scope(frozenset({2018, 2019})), TODAY).lists


@pytest.mark.parametrize("state", ["not_crawled", "not_found", "overdue", "blocked", "unreachable", "column_broken"])
def test_only_a_list_in_which_a_missing_report_may_stand_is_read(state: str) -> None:
    assert lists_of(None, "held", state) == (LAW,)


@pytest.mark.parametrize("state", ["held", "attachment_only", "quarantined", "withdrawn"])
def test_a_list_of_which_every_year_was_found_is_not_read(state: str) -> None:
    assert lists_of(None, "held", state) == ()


def test_a_list_that_was_read_far_enough_back_is_read_again_only_after_a_while() -> None:
    assert lists_of(READ_FAR_ENOUGH, "held", "not_found") == ()
    assert lists_of(replace(READ_FAR_ENOUGH, since=date(2018, 12, 1)), "held", "not_found") == ()
    for changes in (
        {"listed_at": TODAY - timedelta(days=30)},
        {"since": date(2018, 12, 2)},
        {"outcome": Outcome.TIMEOUT},
        {"unread_pages": (3,)},
    ):
        assert lists_of(replace(READ_FAR_ENOUGH, **changes), "held", "not_found") == (LAW,), changes


def test_only_reports_of_the_type_asked_for_are_fetched(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        backfilled(tmp_path, portal, Scope(PAST.years, frozenset({ReportType.DISCLOSURE})))
    held = run_sql(Settings(data_dir=tmp_path).reader_path, "SELECT DISTINCT report_type FROM reports").rows
    assert held == (("disclosure",),)


def test_a_backfill_gives_way_to_a_crawl_and_takes_other_hosts(tmp_path: Path) -> None:
    said: list[str] = []
    with Portal(demo_network()) as portal:
        of = settings(tmp_path, portal)
        crawled = "www.qinghe-demo.gov.cn"
        asked_meanwhile: list[str] = []

        def crawl_for_a_while() -> None:
            with HostPrecedence(of.state_dir / "hosts").crawling([crawled]):
                entered.set()
                other_done.wait(60)
                asked_meanwhile.extend(line.url for line in portal.log if crawled in line.url)

        entered, other_done = threading.Event(), threading.Event()
        crawl = threading.Thread(target=crawl_for_a_while)
        crawl.start()
        entered.wait(10)
        backfill = threading.Thread(
            target=lambda: backfill_plainly(of, CHOSEN, REGISTRY, PAST, workers=1, on_word=said.append)
        )
        backfill.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not any(crawled in line for line in said):
            time.sleep(0.05)
        assert any("yanxi" in line.url for line in portal.log), "the other host was taken first"
        other_done.set()
        crawl.join(60)
        backfill.join(120)
    assert asked_meanwhile == []
    assert said == [f"{crawled} is being crawled: the backfill waits for it, and takes other hosts meanwhile"]
    assert years_held(tmp_path) == set(PAST.years)


def test_the_commands_say_what_they_would_do_and_what_they_did(tmp_path: Path) -> None:
    source = ("--source", "qinglan/lanting")
    with Portal(demo_network()) as portal:
        plan = nianbao("backfill", "--years", "2019-2020", "--plan", *source, folder=tmp_path, portal=portal,
                       sources_dir=str(SOURCES))  # fmt: skip
        assert portal.log == []
        done = nianbao("backfill", "--years", "2019-2020", "--no-prefect", *source, folder=tmp_path, portal=portal,
                       sources_dir=str(SOURCES))  # fmt: skip
        again = nianbao("backfill", "--years", "2019-2020", "--no-prefect", *source, folder=tmp_path, portal=portal,
                        sources_dir=str(SOURCES))  # fmt: skip
    assert plan.returncode == done.returncode == again.returncode == 0, done.stderr
    assert "0 of 4 reports wanted are held" in plan.stderr
    assert "4 new reports" in done.stderr
    assert "Nothing was asked: all is held" in again.stderr
    wrong = nianbao("backfill", "--years", "2020-2019", folder=tmp_path, sources_dir=str(SOURCES))
    assert wrong.returncode == 2
    assert "--years: '2020-2019' is no span" in wrong.stderr


def test_a_year_that_has_not_come_is_not_missing(tmp_path: Path) -> None:
    source = ("--source", "qinglan/lanting")
    with Portal(demo_network()) as portal:
        done = nianbao("backfill", "--years", "2098-2099", "--no-prefect", *source, folder=tmp_path, portal=portal,
                       sources_dir=str(SOURCES))  # fmt: skip
        assert portal.log == []
    plan = nianbao("backfill", "--years", "2098-2099", "--plan", *source, folder=tmp_path, sources_dir=str(SOURCES))
    assert done.returncode == plan.returncode == 0, done.stderr
    assert "Nothing was asked: no report of 2098-2099 may be there" in done.stderr
    assert "0 of 0 reports wanted are held" in plan.stderr


def test_what_a_backfill_asks_for_is_told_without_gaps() -> None:
    asked = BackfillParameters(years="2016-2023", province="zhejiang", level=Level.COUNTY)
    assert asked.words == "2016-2023 zhejiang county"
