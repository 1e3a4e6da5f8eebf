"""Four hundred days of the schedules in ``deployments/prefect.yaml``, by Prefect's cron library and a fake clock."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from prefect.server.schemas.schedules import CronSchedule

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import crawl_plainly
from flows.publishing.announcing import Kind, Message, announce, find_matters
from flows.runs.source_set import SourceSetBusyError, only_run_of, set_name
from flows.serving.deployment_files import deployment_folder, read_wanted
from flows.settings import Settings
from scrapers.sources.registry import load_sources
from warehouse.checks import Check, CheckResult

CHINA = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 12, 1, tzinfo=CHINA)
DAYS = 400


def due_times(name: str) -> list[datetime]:
    """When a deployment is due in the four hundred days, in order."""
    (deployment,) = [one for one in read_wanted(deployment_folder()).deployments if one.name == name]
    end = BEGIN + timedelta(days=DAYS)

    async def dates() -> list[datetime]:
        found: list[datetime] = []
        for schedule in deployment.schedules:
            cron = CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
            start = BEGIN
            while batch := await cron.get_dates(n=500, start=start, end=end):
                found += batch
                start = batch[-1] + timedelta(seconds=1)
        return sorted(found)

    return [datetime.fromtimestamp(moment.timestamp(), CHINA) for moment in asyncio.run(dates())]


def in_season(day: date) -> bool:
    """From mid-January to mid-April."""
    return (1, 15) <= (day.month, day.day) <= (4, 15)


def test_every_day_has_its_crawl_and_every_day_of_the_season_five_more() -> None:
    days = [(BEGIN + timedelta(days=n)).date() for n in range(DAYS)]
    daily = Counter(moment.date() for moment in due_times("crawl-daily"))
    season = Counter(moment.date() for moment in due_times("crawl-season"))
    assert daily == Counter(dict.fromkeys(days, 1))
    assert season == Counter({day: 5 for day in days if in_season(day)})
    assert {moment.hour for moment in due_times("crawl-season")} == {9, 12, 15, 18, 21}


def test_no_run_of_the_season_comes_while_the_daily_one_is_due() -> None:
    assert not set(due_times("crawl-daily")) & set(due_times("crawl-season"))


@dataclass(frozen=True)
class Ran:
    due: datetime
    begin: datetime
    end: datetime


def simulate(folder: Path, *, takes: timedelta, away: tuple[datetime, datetime] | None = None) -> list[Ran]:
    """Crawls as they would begin and end where each takes ``takes``; within ``away`` no worker is there.

    Runs exclude each other by the real lock, held for as long as a simulated run goes on.
    """
    wanted = sorted((*due_times("crawl-daily"), *due_times("crawl-season")))
    starts = [(away[1] if away and away[0] <= due < away[1] else due, due) for due in wanted]
    name = set_name("crawl")
    ran: list[Ran] = []
    going: list[tuple[datetime, int, ExitStack]] = []
    for number, (start, due) in enumerate(sorted(starts)):
        while going and going[0][0] <= start:
            heapq.heappop(going)[2].close()
        stack = ExitStack()
        try:
            done = stack.enter_context(only_run_of(folder, name, str(due), start, due=due))
        except SourceSetBusyError:
            continue
        stack.callback(done)  # before the lock is given back
        ran.append(Ran(due, start, start + takes))
        heapq.heappush(going, (start + takes, number, stack))
    for _, _, stack in going:
        stack.close()
    return ran


@pytest.mark.parametrize("hours", [1, 4, 10])
def test_no_two_crawls_overlap_and_no_season_day_is_missed_however_long_they_take(hours: int, tmp_path: Path) -> None:
    ran = simulate(tmp_path, takes=timedelta(hours=hours))
    assert all(earlier.end <= later.begin for earlier, later in pairwise(ran))
    crawled = {run.begin.date() for run in ran} | {run.end.date() for run in ran}
    assert crawled >= {(BEGIN + timedelta(days=n)).date() for n in range(DAYS)}


def test_runs_that_were_missed_for_days_do_not_pile_up(tmp_path: Path) -> None:
    away = datetime(2027, 3, 1, tzinfo=CHINA), datetime(2027, 3, 6, 10, 0, tzinfo=CHINA)
    ran = simulate(tmp_path, takes=timedelta(hours=1), away=away)
    late = [run for run in ran if away[0] <= run.due < away[1]]
    assert len(late) == 1, "one crawl does what thirty missed ones would have done"
    after = [run for run in ran if run.begin.date() == away[1].date()]
    assert [run.begin.hour for run in after] == [10, 12, 15, 18, 21]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """What a crawl of the portal leaves."""
    with Portal(demo_network()) as portal:
        settings = Settings(
            data_dir=tmp_path_factory.mktemp("held"), proxy=portal.url, pace_seconds=0, sources_dir=SOURCES
        )
        registry = load_sources(SOURCES)
        crawl_plainly(settings, registry, registry)
    settings.reader_path.chmod(0o644)
    return settings


@pytest.mark.slow
def test_a_source_that_was_not_listed_for_days_is_silent_and_one_that_was_is_not(held: Settings) -> None:
    def silent(days_later: int) -> set[str]:
        found = find_matters(
            held.reader_path,
            now=datetime.now(UTC) + timedelta(days=days_later),
            silent_days=7,
            overdue_grace_days=3,
            followed=(),
        )
        return {matter.key for matter in found if matter.kind is Kind.SOURCE_SILENT}

    assert silent(6) == set()
    assert silent(8) == {source.id for source in load_sources(SOURCES) if source.columns}


@pytest.mark.slow
def test_a_broken_check_is_named_with_its_rows(held: Settings) -> None:
    check = Check("report_without_capture", "error", "reports whose capture is gone", "whole", "")
    broken = CheckResult(check, ("document_id",), (("a",), ("b",)))
    found = find_matters(
        held.reader_path,
        now=datetime.now(UTC),
        silent_days=7,
        overdue_grace_days=3,
        followed=(),
        checks=[broken, CheckResult(replace(check, name="another"), (), ())],
    )
    assert [matter.line for matter in found] == [
        "report_without_capture (error): 2 rows: reports whose capture is gone"
    ]


@pytest.mark.slow
def test_every_overdue_report_is_announced_once_and_no_other(held: Settings) -> None:
    reader = str(held.reader_path)
    with duckdb.connect(reader) as connection:
        expected = connection.execute(
            "SELECT source_id, publisher, report_type, due FROM coverage_on(DATE '2027-12-31') "
            "WHERE report_year = 2026 AND due IS NOT NULL ORDER BY ALL"
        ).fetchall()
    grace = held.overdue_grace_days
    assert len(expected) > 20
    # A third comes in time, a third within the grace or late, a third never.
    offsets = [-20, -1, grace, grace + 1, 40, None]
    comes = {
        (source, kind): None if (offset := offsets[n % len(offsets)]) is None else due + timedelta(days=offset)
        for n, (source, _, kind, due) in enumerate(expected)
    }
    wanted = {
        f"{source} {kind} 2026"
        for source, _, kind, due in expected
        if comes[source, kind] is None or comes[source, kind] > due + timedelta(days=grace)
    }
    said: Counter[str] = Counter()
    fails = iter([True] * 3)

    def send(message: Message) -> None:
        if message.kind is Kind.REPORT_OVERDUE:
            if next(fails, False):
                raise ConnectionError("the server is away")
            said.update(message.keys)

    arrived: set[tuple[str, str]] = set()
    for moment in due_times("publish"):
        now = moment.astimezone(UTC)
        new = [key for key, day in comes.items() if day is not None and day < moment.date() and key not in arrived]
        if new:
            with duckdb.connect(reader) as connection:
                for source, kind in new:
                    connection.execute(
                        "INSERT INTO core_reports BY NAME SELECT * REPLACE (document_id || '-2026' AS document_id, "
                        "2026 AS report_year, 'accepted' AS state) FROM core_reports WHERE source_id = ? "
                        "AND report_type = ? AND publisher = (SELECT publisher FROM core_sources WHERE source_id = ?) "
                        "ORDER BY report_year DESC LIMIT 1",
                        [source, kind, source],
                    )
            arrived.update(new)
        found = find_matters(
            held.reader_path,
            now=now,
            silent_days=10_000,
            overdue_grace_days=grace,
            followed=held.followed,
        )
        try:
            announce(held.announcements_path, found, send, now=now)
        except ConnectionError:
            continue
    this_year = {key: times for key, times in said.items() if key.endswith(" 2026")}
    assert set(this_year) == wanted
    assert set(this_year.values()) == {1}
