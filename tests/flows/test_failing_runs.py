"""Crawls that fail at their beginning, in their middle and at their end: what is recorded, freed and handed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import enumerate as enumerate_threads
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.crawling import crawl_run
from flows.crawling.crawl_run import CrawlRun, crawl_plainly
from flows.crawling.reached_hosts import NobodyAnsweredError
from flows.crawling.run_summary import RunSummary
from flows.runs.run_lock import is_alive
from flows.settings import Settings, read_settings
from flows.shared_store.handing_over import store_of
from scrapers.records import Source
from scrapers.sources.registry import load_sources, select_sources
from scrapers.web.archive import Archive, ArchiveError
from tests.flows.served import free_port, wait_for
from warehouse.batches.landing import write_batch
from warehouse.database import writing
from warehouse.errors import ChecksFailedError
from warehouse.query import run_sql

REGISTRY = load_sources(SOURCES)
CHOSEN = select_sources(REGISTRY, ids=["yunling/yanxi_education"])


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, portal: Portal) -> Settings:
    return Settings(data_dir=tmp_path, proxy=portal.url, pace_seconds=0, sources_dir=SOURCES, batch_pages=1)


def crawl(settings: Settings, sources: tuple[Source, ...] = CHOSEN) -> RunSummary:
    return crawl_plainly(settings, sources, REGISTRY)


def recorded(settings: Settings) -> list[tuple[str, str | None]]:
    """State and error of each run, as the loader's own file has them."""
    with writing(settings.warehouse_path, "test") as warehouse:
        rows = warehouse.execute("SELECT state, summary ->> '$.error' FROM raw_runs ORDER BY started_at")
        return [(state, error) for state, error in rows.fetchall()]


def breaks(*_: object, **__: object) -> Any:
    raise OSError("No space left on device")


def broken_check() -> ChecksFailedError:
    return ChecksFailedError("1 check found rows that must not be there")


def test_a_run_that_cannot_begin_is_recorded_as_failed_and_leaves_the_way_free(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CrawlRun(settings, CHOSEN, REGISTRY)
    with monkeypatch.context() as patched:
        patched.setattr(crawl_run, "left_behind", breaks)
        with pytest.raises(OSError, match="No space"):
            run.__enter__()
    assert not is_alive(settings.state_dir / "runs", run.run_id)
    assert recorded(settings) == [("failed", "OSError('No space left on device')")]
    assert crawl(settings).new > 0
    assert [state for state, _ in recorded(settings)] == ["failed", "completed"]


def test_a_run_whose_archive_cannot_be_closed_is_recorded_as_failed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = Archive.close

    def breaks_after_closing(archive: Archive) -> None:
        closed(archive)
        raise ArchiveError("an index could not be written")

    monkeypatch.setattr(Archive, "close", breaks_after_closing)
    run = CrawlRun(settings, CHOSEN, REGISTRY)
    with pytest.raises(ArchiveError), run:
        run.collect_group(run.groups[0])
    assert not is_alive(settings.state_dir / "runs", run.run_id)
    ((state, error),) = recorded(settings)
    assert state == "failed"
    assert error is not None
    assert "an index could not be written" in error


def test_a_run_whose_loader_fails_ends_at_the_page_in_hand(
    settings: Settings, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(portal.log)
    crawl(settings.model_copy(update={"data_dir": settings.data_dir / "whole"}))
    whole = len(portal.log) - before
    failing = settings.model_copy(update={"data_dir": settings.data_dir / "failing"})
    run = CrawlRun(failing, CHOSEN, REGISTRY)
    written = write_batch
    landed: list[Path] = []

    def waits_for_the_loader(*given: Any, **named: Any) -> Path:
        wait_for("the loader to fail", lambda: all(thread.name != "loader" for thread in enumerate_threads()), 30)
        landed.append(written(*given, **named))
        return landed[-1]

    monkeypatch.setattr(crawl_run, "LOAD_EVERY", 0.05)
    monkeypatch.setattr(crawl_run, "write_batch", waits_for_the_loader)
    monkeypatch.setattr(CrawlRun, "load", breaks)
    before = len(portal.log)
    with pytest.raises(OSError, match="No space"), run:
        run.collect_group(run.groups[0])
    assert len(landed) == 1, "what was in hand has landed"
    assert len(portal.log) - before < whole / 2
    assert [state for state, _ in recorded(failing)] == ["failed"]


def test_a_crawler_hands_over_what_it_found_also_where_its_own_copy_fails_a_check(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "share").mkdir()
    crawler = read_settings(
        data_dir=tmp_path / "crawler",
        shared_store=f"file://{tmp_path / 'share'}",
        store_role="crawler",
        sources_dir=SOURCES,
        proxy=settings.proxy,
        pace_seconds=0,
    )

    def fails(*_: object) -> None:
        raise broken_check()

    monkeypatch.setattr(crawl_run, "publish", fails)
    with pytest.raises(ChecksFailedError):
        crawl(crawler)
    store = store_of(crawler)
    found = [file.name for file in store.list("landing")]
    assert [name for name in found if name.endswith(".parquet")]
    assert [name for name in found if name.endswith(".warc.gz")]


def test_where_the_end_fails_and_the_store_does_not_answer_the_first_failure_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    crawler = read_settings(
        data_dir=tmp_path / "crawler", shared_store=f"file://{share}", store_role="crawler", sources_dir=SOURCES,
        proxy=settings.proxy, pace_seconds=0,
    )  # fmt: skip

    def fails(*_: object) -> None:
        share.rename(tmp_path / "unmounted")
        raise broken_check()

    monkeypatch.setattr(crawl_run, "publish", fails)
    with pytest.raises(ChecksFailedError):
        crawl(crawler)


def test_a_run_that_reaches_nobody_has_failed_and_says_what_may_be_down(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"proxy": f"http://127.0.0.1:{free_port()}", "max_attempts": 1})
    several = select_sources(REGISTRY, province="yunling")
    hosts = {source.hosts[0] for source in several if source.columns}
    assert len(hosts) > 2
    with pytest.raises(NobodyAnsweredError, match=f"none of {len(hosts)} hosts answered .connection {len(hosts)}.: is"):
        crawl(nowhere, several)
    ((state, error),) = recorded(nowhere)
    assert (state, str(error).partition("(")[0]) == ("failed", "NobodyAnsweredError")
    tried = run_sql(nowhere.reader_path, "SELECT count(DISTINCT source_id) FROM problems WHERE outcome = 'connection'")
    assert tried.rows == ((len([source for source in several if source.columns]),),)


def test_a_single_site_that_is_down_is_a_problem_of_the_site(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"proxy": f"http://127.0.0.1:{free_port()}", "max_attempts": 1})
    assert crawl(nowhere).problems
    assert [state for state, _ in recorded(nowhere)] == ["completed"]
