"""The archive read anew: the rows of a crawl of today with the same bytes, loaded once, without the network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import scrapers.settle
from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import crawl_plainly
from flows.rereading import pieces as reread_pieces
from flows.rereading import reprocess_run as rereading
from flows.rereading.pieces import code_version, reread_piece
from flows.rereading.report import as_json
from flows.rereading.reprocess_run import ReprocessScope, Rereading, RereadSummary, reprocess_plainly
from flows.settings import Settings
from scrapers.reading.page import read_page
from scrapers.records import Draft
from scrapers.sources.registry import load_sources, select_sources
from tests.bench.reprocessing import dask
from tests.flows.command_line import nianbao
from tests.flows.test_killed_crawl import content
from warehouse.query import run_sql

REGISTRY = load_sources(SOURCES)
CHOSEN = select_sources(REGISTRY, ids=["qinglan/qinghe_liuzhi", "yunling/yanxi_education"])
LEFTOVER = "【打印本页】"


def of(data: Path) -> Settings:
    return Settings(data_dir=data, sources_dir=SOURCES)


def older_reader(*arguments: Any, **named: Any) -> Draft:
    """A reading that left a line of chrome in the text and knew no 文号."""
    draft = read_page(*arguments, **named)
    if not draft.text:
        return draft
    last = replace(draft.blocks[-1], kind="paragraph", text=LEFTOVER, level=None, table=None)
    return replace(draft, text=f"{draft.text}\n{LEFTOVER}", blocks=(*draft.blocks, last), doc_number=None)


@contextmanager
def older_code() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scrapers.settle, "read_page", older_reader)
        yield


def crawled(data: Path, portal: Portal) -> None:
    crawl_plainly(
        Settings(data_dir=data, proxy=portal.url, pace_seconds=0, sources_dir=SOURCES), CHOSEN, REGISTRY
    )  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A warehouse that an older reading filled."""
    with Portal(demo_network()) as portal, older_code():
        crawled(tmp_path / "old", portal)
    return tmp_path / "old"


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a crawl of today brings."""
    data = tmp_path_factory.mktemp("today")
    with Portal(demo_network()) as portal:
        crawled(data, portal)
    return told(data)


def told(data: Path) -> dict[str, Any]:
    """What a warehouse holds, but for the numbers of versions: what was read otherwise before is one more."""
    rows = content(Settings(data_dir=data).reader_path)
    del rows["versions"]
    removals = tuple(sorted(set(rows["removals"])))  # of all versions
    return rows | {"reports": tuple(row[:-1] for row in rows["reports"]), "removals": removals}


def reprocessed(data: Path, **options: Any) -> RereadSummary:
    return reprocess_plainly(of(data), REGISTRY, ReprocessScope(), **options)


def test_pages_read_anew_give_what_a_crawl_of_today_gives(old: Path, today: dict[str, Any]) -> None:
    assert told(old) != today
    summary = reprocessed(old)
    assert told(old) == today
    assert summary.pages == summary.reports > 20
    assert summary.changed["text"] > 15
    causes = run_sql(of(old).reader_path, "SELECT cause, count(*) > 15 FROM core_versions GROUP BY ALL ORDER BY ALL")
    assert causes.rows == (("first", True), ("reread", True))


def test_a_second_time_nothing_changes(old: Path) -> None:
    reprocessed(old)
    before = content(of(old).reader_path)
    logged = "SELECT count(*) FROM core_report_changes"
    changes = run_sql(of(old).reader_path, logged).rows
    again = reprocessed(old)
    assert (again.changed, again.differences, again.problems) == ({}, (), ())
    assert content(of(old).reader_path) == before
    assert run_sql(of(old).reader_path, logged).rows == changes


def test_comparing_says_field_by_field_what_would_change_and_loads_nothing(old: Path) -> None:
    held, batches = told(old), len(list((old / "landing").rglob("*.parquet")))
    summary = reprocessed(old, compare=True, sample=3)
    assert told(old) == held
    assert len(list((old / "landing").rglob("*.parquet"))) == batches
    assert set(summary.changed) <= {"text", "doc_number"}
    said = as_json(of(old), summary, 3)
    assert said["pages_read_otherwise"] == len(summary.differences) > 15
    assert len(said["sample"]) == 3
    assert all(f"-{LEFTOVER}" in one["text_diff"] for one in said["sample"])


def test_the_command_shows_the_comparison_as_a_table_and_as_json(old: Path) -> None:
    folder = old.parent
    given: dict[str, Any] = {"data_dir": str(old), "sources_dir": str(SOURCES)}
    shown = nianbao("reprocess", "--compare", "--no-prefect", "--processes", "1", folder=folder, **given)
    assert shown.returncode == 0, shown.stderr
    assert f"-{LEFTOVER}" in shown.stdout
    assert "Nothing was loaded" in shown.stderr
    plain = nianbao(
        "reprocess", "--compare", "--no-prefect", "--processes", "1", "--format", "json", "--years", "2019",
        folder=folder, **given,
    )  # fmt: skip
    years = {one["fields"].get("report_year") for one in json.loads(plain.stdout)["sample"]}
    assert years == {None}
    assert 0 < json.loads(plain.stdout)["pages_read_otherwise"] < 8, "of 2019 alone"
    nothing = nianbao("reprocess", "--no-prefect", folder=folder / "empty", sources_dir=str(SOURCES))
    assert nothing.returncode == 1
    assert "nothing was crawled here. Run: nianbao crawl" in nothing.stderr


def test_only_the_source_and_the_days_asked_for_are_read(old: Path) -> None:
    of_one = reprocess_plainly(of(old), REGISTRY, ReprocessScope(source_ids=("qinglan/qinghe_liuzhi",)), compare=True)
    of_all = reprocessed(old, compare=True)
    assert 0 < of_one.pages < of_all.pages
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert reprocess_plainly(of(old), REGISTRY, ReprocessScope(since=tomorrow), compare=True).pages == 0


def test_a_run_that_was_cut_short_goes_on_where_it_was(
    old: Path, today: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reread_pieces, "PAGES_A_PIECE", 4)

    first = Rereading(of(old), REGISTRY, ReprocessScope())

    def cut_short() -> None:
        with first:
            for piece in first.pieces[:4]:
                first.take(reread_piece(first.job, piece))
            reread_piece(first.job, first.pieces[4])  # landed, and cut short before it was recorded
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_short()
    said: list[str] = []
    summary = reprocessed(old, on_word=said.append)
    assert said == [f"going on with run {first.run_id}: 4 of {len(first.pieces)} pieces are done"]
    assert (summary.run_id, summary.done_before) == (first.run_id, 4)
    assert told(old) == today
    assert list((old / "state" / "reprocess").iterdir()) == []


def test_other_code_begins_anew(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyboardInterrupt), Rereading(of(old), REGISTRY, ReprocessScope()) as cut:
        raise KeyboardInterrupt
    monkeypatch.setattr(rereading, "code_version", lambda _: "another")
    summary = reprocessed(old)
    assert summary.run_id != cut.run_id
    assert summary.done_before == 0


def test_the_version_of_the_code_is_that_of_the_rules_and_the_registry(tmp_path: Path) -> None:
    (tmp_path / "zhejiang").mkdir()
    source = tmp_path / "zhejiang" / "a.toml"
    source.write_text("publisher = 'a'", encoding="utf-8")
    before = code_version(tmp_path)
    assert code_version(tmp_path) == before
    source.write_text("publisher = 'b'", encoding="utf-8")
    assert code_version(tmp_path) != before


def test_a_row_that_is_no_longer_asked_for_takes_its_report_out_and_a_new_one_is_wanted(old: Path) -> None:
    (source,) = select_sources(REGISTRY, ids=["yunling/yanxi_education"])
    stricter = replace(source, columns=tuple(replace(one, exclude=("2019年",)) for one in source.columns))
    registry = tuple(stricter if one.id == source.id else one for one in REGISTRY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reread_pieces, "_registry", lambda _: {one.id: one for one in registry})
        reprocess_plainly(of(old), registry, ReprocessScope())
    query = "SELECT report_year FROM reports WHERE source_id = 'yunling/yanxi_education' ORDER BY ALL"
    assert 2019 not in {year for (year,) in run_sql(of(old).reader_path, query).rows}
    why = "SELECT DISTINCT reason FROM core_reports WHERE state = 'rejected' AND reason LIKE 'column: %'"
    assert run_sql(of(old).reader_path, why).rows == (
        ("column: the title is not among those this column is read for",),
    )
    summary = reprocess_plainly(of(old), REGISTRY, ReprocessScope())
    assert summary.changed["state"] == 1
    assert 2019 in {year for (year,) in run_sql(of(old).reader_path, query).rows}


def test_a_page_that_is_damaged_in_the_archive_is_named_and_the_others_are_read(old: Path) -> None:
    (path, *_) = sorted((old / "archive").glob("*.warc.gz"))
    place = "SELECT warc_offset FROM raw_captures JOIN core_reports USING (capture_id) WHERE warc_file = ? ORDER BY 1"
    rows = run_sql(of(old).reader_path, place.replace("?", f"'{path.name}'")).rows
    data = bytearray(path.read_bytes())
    data[rows[0][0] + 60] ^= 0xFF
    path.write_bytes(data)
    summary = reprocessed(old)
    assert len(summary.problems) == 1
    assert "archive verify" in summary.problems[0]
    assert summary.reports == summary.pages - 1


@pytest.mark.slow
def test_two_processes_give_what_one_gives(old: Path, today: dict[str, Any]) -> None:
    reprocessed(old, processes=2)
    assert told(old) == today


@pytest.mark.slow
def test_dask_workers_give_what_one_process_gives(old: Path, today: dict[str, Any], tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {"NIANBAO_DATA_DIR": str(old), "NIANBAO_SOURCES_DIR": str(SOURCES)}
    with dask(tmp_path) as address:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "flows.cli", "reprocess", "--no-prefect", "--dask", address],
            env=environment, capture_output=True, text=True, timeout=500, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert told(old) == today


@pytest.mark.slow
def test_a_killed_reprocess_is_gone_on_with(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        crawl_plainly(
            Settings(data_dir=tmp_path, proxy=portal.url, pace_seconds=0, sources_dir=SOURCES),
            [source for source in REGISTRY if source.columns], REGISTRY,
        )  # fmt: skip
    expected = content(of(tmp_path).reader_path)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {"NIANBAO_DATA_DIR": str(tmp_path), "NIANBAO_SOURCES_DIR": str(SOURCES)}
    command = [sys.executable, "-W", "ignore", "-m", "flows.cli", "reprocess", "--no-prefect", "--processes", "1"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("3 of"):
            process.send_signal(signal.SIGKILL)
            break
    process.communicate(timeout=60)
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=500, check=False)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "going on with run" in again.stderr
    assert "pieces had been done before" in again.stderr
    assert content(of(tmp_path).reader_path) == expected


FLOW = """
import asyncio, json, sys
from flows.serving.prefect_server import prefect_server
from flows.settings import read_settings

with prefect_server(read_settings().prefect_home):
    from flows.reprocess import reprocess
    from flows.rereading.parameters import ReprocessParameters
    from prefect.client.orchestration import get_client

    summary = reprocess(ReprocessParameters(dask=sys.argv[1] if len(sys.argv) > 1 else None))

    async def recorded():
        async with get_client() as client:
            (run,) = await client.read_flow_runs()
            for _ in range(100):  # task states reach the server as events, a moment after the flow has ended
                tasks = await client.read_task_runs()
                if tasks and all(task.state and task.state.is_final() for task in tasks):
                    break
                await asyncio.sleep(0.1)
            artifacts = await client.read_artifacts()
        return {
            "run": [run.name, run.state.name],
            "tasks": sorted([task.name, task.state.name] for task in tasks),
            "artifacts": {artifact.key: artifact.data for artifact in artifacts},
            "pages": summary.pages,
        }

    print(json.dumps(asyncio.run(recorded()), ensure_ascii=False, default=str))
"""


def flow_run(data: Path, *arguments: str) -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {"NIANBAO_DATA_DIR": str(data), "NIANBAO_SOURCES_DIR": str(SOURCES)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FLOW, *arguments],
        env=environment, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
@pytest.mark.parametrize("where", ["processes", "dask"])
def test_the_flow_reads_the_same_and_shows_what_changed(
    old: Path, today: dict[str, Any], tmp_path: Path, where: str
) -> None:
    if where == "dask":
        with dask(tmp_path) as address:
            shown = flow_run(old, address)
    else:
        shown = flow_run(old)
    assert told(old) == today
    assert shown["run"] == ["reprocess everything", "Completed"]
    assert {state for _, state in shown["tasks"]} == {"Completed"}
    assert all(name.startswith("pieces ") for name, _ in shown["tasks"])
    assert float(shown["artifacts"]["reprocess-progress"]) == 100.0
    assert f"{shown['pages']} archived pages" in shown["artifacts"]["reprocess-summary"]
    assert "| text |" in shown["artifacts"]["reprocess-summary"]
