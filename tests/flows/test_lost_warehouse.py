"""Where the warehouse or its reader copy is lost, or nothing was crawled yet, every command says the same of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.runs.run_lock import run_lock
from tests.flows.command_line import Done, nianbao, started

ONE = "qinglan/qinghe"
DECIDE = ("quarantine", "accept", "an-id", "--reason", "seen on paper", "--by", "me")
WRITING = (
    ("corrections", "--apply"),
    ("checks", "--unpublished"),
    DECIDE,
    ("reprocess", "--no-prefect"),
    ("reprocess", "--no-prefect", "--compare"),
    ("recognise", "--no-prefect"),
    ("backfill", "--years", "2022", "--plan"),
    ("backfill", "--years", "2022", "--no-prefect"),
    ("crawl", "--no-prefect", "--source", ONE),
    ("archive", "reindex"),
)
"""Commands that work on the warehouse itself."""
CRAWLING = {"crawl", "backfill"}
READING = (
    ("sql", "SELECT 1"),
    ("search", "行政复议"),
    ("coverage",),
    ("changes",),
    ("runs",),
    ("problems",),
    ("checks",),
    ("quarantine", "list"),
    ("corrections",),
    ("digest",),
    ("export", "exported"),
)
"""Commands that ask the reader copy."""


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory, portal: Portal) -> Path:
    folder = tmp_path_factory.mktemp("crawled")
    done = ask(folder, "crawl", "--no-prefect", "--source", ONE, portal=portal)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(crawled: Path, tmp_path: Path) -> Path:
    shutil.copytree(crawled / "data", tmp_path / "data")
    return tmp_path


def ask(folder: Path, *arguments: str, portal: Portal | None = None) -> Done:
    return nianbao(*arguments, folder=folder, portal=portal, sources_dir=str(SOURCES))


def named(arguments: tuple[str, ...]) -> str:
    return " ".join(arguments)


@pytest.mark.parametrize("command", WRITING, ids=named)
def test_beside_a_lost_warehouse_every_command_that_needs_it_asks_for_a_rebuild(
    folder: Path, portal: Portal, command: tuple[str, ...]
) -> None:
    shutil.rmtree(folder / "data" / "warehouse")
    asked = len(portal.log)
    done = ask(folder, *command, portal=portal)
    assert done.returncode == 1
    assert f"{folder / 'data' / 'warehouse' / 'nianbao.duckdb'} is gone" in done.stderr
    assert "`nianbao archive rebuild` makes the warehouse anew" in done.stderr
    assert "crawl" not in done.stderr
    assert not (folder / "data" / "warehouse" / "nianbao.duckdb").exists(), "an empty one was begun beside the copy"
    assert len(portal.log) == asked


@pytest.mark.slow
def test_a_crawl_under_prefect_says_it_in_a_sentence_too(folder: Path, portal: Portal) -> None:
    shutil.rmtree(folder / "data" / "warehouse")
    done = started("crawl", data=folder / "data", proxy=portal.url)
    said = done.stderr.decode()
    assert done.returncode == 1
    assert "`nianbao archive rebuild` makes the warehouse anew" in said
    for frightening in ("Traceback", "ERROR", "exception"):
        assert frightening not in said


@pytest.mark.parametrize("command", [each for each in WRITING if each[0] not in CRAWLING], ids=named)
def test_where_nothing_was_crawled_every_command_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = ask(tmp_path, *command)
    if command == ("archive", "reindex"):
        assert done.returncode == 0  # an archive of nothing has an index of nothing
        return
    assert done.returncode == 1
    assert "does not exist yet: nothing was crawled here. Run: nianbao crawl" in done.stderr
    assert "rebuild" not in done.stderr


def test_where_nothing_was_crawled_there_is_nothing_to_rebuild(tmp_path: Path) -> None:
    done = ask(tmp_path, "archive", "rebuild")
    assert done.returncode == 1
    assert "nothing was crawled here. Run: nianbao crawl" in done.stderr
    assert "is gone" not in done.stderr


@pytest.mark.parametrize("command", READING, ids=named)
def test_with_the_reader_copy_lost_a_rebuild_is_asked_for_and_publishes_one(
    folder: Path, command: tuple[str, ...]
) -> None:
    (folder / "data" / "nianbao.duckdb").unlink()
    done = ask(folder, *command)
    assert done.returncode == 1
    assert "is not there, but the warehouse is: `nianbao archive rebuild` publishes it" in done.stderr
    assert "crawl" not in done.stderr


def test_a_rebuild_publishes_a_lost_reader_copy_anew(folder: Path) -> None:
    (folder / "data" / "nianbao.duckdb").unlink()
    assert "`nianbao archive rebuild` publishes it" in words(ask(folder, "doctor").stdout)
    assert ask(folder, "archive", "rebuild").returncode == 0
    assert "18" in ask(folder, "sql", "SELECT count(*) FROM reports", "--format", "csv").stdout
    assert "archive rebuild" not in words(ask(folder, "doctor").stdout)


def test_a_first_run_that_goes_on_publishes_by_itself(folder: Path) -> None:
    (folder / "data" / "nianbao.duckdb").unlink()
    with run_lock(folder / "data" / "state" / "runs", "a-run"):
        done = ask(folder, "sql", "SELECT 1")
        looked = ask(folder, "doctor")
    assert "a run that goes on publishes it soon" in done.stderr
    assert "a run that goes on publishes it soon" in words(looked.stdout)
    assert "rebuild" not in done.stderr


@pytest.mark.parametrize("command", [("sql", "SELECT 1"), ("corrections", "--apply"), DECIDE], ids=named)
def test_with_both_lost_the_kept_batches_are_enough(folder: Path, command: tuple[str, ...]) -> None:
    shutil.rmtree(folder / "data" / "warehouse")
    (folder / "data" / "nianbao.duckdb").unlink()
    done = ask(folder, *command)
    assert done.returncode == 1
    assert "`nianbao archive rebuild` makes the warehouse anew" in done.stderr
    assert "Run: nianbao crawl" not in done.stderr
    assert "`nianbao archive rebuild` makes the warehouse anew" in words(ask(folder, "doctor").stdout)


def test_where_no_batch_is_kept_the_reader_copy_is_put_in_the_place_of_the_warehouse(folder: Path) -> None:
    data = folder / "data"
    shutil.rmtree(data / "warehouse")
    shutil.rmtree(data / "landing")
    advice = f"copy {data / 'nianbao.duckdb'} to {data / 'warehouse' / 'nianbao.duckdb'} first"
    assert advice in ask(folder, "archive", "rebuild").stderr
    assert advice in words(ask(folder, "doctor").stdout)
    (data / "warehouse").mkdir()
    shutil.copyfile(data / "nianbao.duckdb", data / "warehouse" / "nianbao.duckdb")
    done = ask(folder, "archive", "rebuild")
    assert done.returncode == 0, done.stderr
    assert "18" in ask(folder, "sql", "SELECT count(*) FROM reports", "--format", "csv").stdout


def words(table: str) -> str:
    """A table's cells, of several lines each, as running text."""
    return " ".join(table.replace("│", " ").split())
