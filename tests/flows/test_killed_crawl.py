"""`kill -9` of a crawl at any moment, then the same command again: the warehouse ends as if it had run once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.settings import Settings
from warehouse.query import run_sql

CRAWLED = ("qinglan/qinghe", "qinglan/lanting", "qinglan/chengyu_hightech", "yunling/qiwu_shuangqiao")
"""One source of each family, and one in GB18030."""
POINTS = 10

COVERAGE = "coverage_on(DATE '2026-12-01')"
"""Days late as on one day: these runs last minutes, and midnight in Shanghai may pass between two of them."""

COMPARED = {
    "reports": """SELECT url, publisher, report_type, report_year, report_year_reason, title, published, doc_number,
                         index_number, text_length, tables, attachments, flags, "version" FROM reports ORDER BY url""",
    "texts": "SELECT url, text FROM report_texts ORDER BY url",
    "states": "SELECT source_id, column_url, url, state, title, listed_date FROM raw_candidates ORDER BY ALL",
    "removals": "SELECT document_id, rule, removed, text_offset FROM core_removals ORDER BY ALL",
    "metadata": "SELECT url, metadata_table FROM report_texts ORDER BY url",
    "sections": "SELECT document_id, position, role, heading, text FROM sections ORDER BY ALL",
    "figures": "SELECT document_id, table_name, path, column_name, printed FROM figures ORDER BY ALL",
    "versions": "SELECT document_id, count(*) FROM core_versions GROUP BY ALL ORDER BY ALL",
    "coverage": f"SELECT source_id, report_type, report_year, state, days_late FROM {COVERAGE} ORDER BY ALL",
}


def content(reader: Path) -> dict[str, tuple[tuple[Any, ...], ...]]:
    return {name: run_sql(reader, query).rows for name, query in COMPARED.items()}


def crawling(data: Path, portal: Portal, *, prefect: bool = False) -> subprocess.Popen[bytes]:
    chosen = [part for source in CRAWLED for part in ("--source", source)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {
        "NIANBAO_DATA_DIR": str(data),
        "NIANBAO_SOURCES_DIR": str(SOURCES),
        "NIANBAO_PROXY": portal.url,
        "NIANBAO_PACE_SECONDS": "0",
        "NIANBAO_BATCH_PAGES": "4",
    }
    command = [sys.executable, "-m", "flows.cli", "crawl", "--prefect" if prefect else "--no-prefect", *chosen]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> None:
    _, said = process.communicate(timeout=180)
    assert process.returncode == 0, said.decode()[-3000:]


def killed_after(process: subprocess.Popen[bytes], portal: Portal, requests: int) -> None:
    """Kill once the sites have seen so many requests; the run must still be going on then."""
    deadline = time.monotonic() + 120
    while len(portal.log) < requests:
        assert process.poll() is None, "the crawl ended before it could be killed"
        assert time.monotonic() < deadline, "the crawl did not get so far"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL, "the crawl ended before it could be killed"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, tuple[tuple[Any, ...], ...]], int]:
    """What an undisturbed run leaves, and how many requests it sent."""
    data = tmp_path_factory.mktemp("whole")
    with Portal(demo_network()) as portal:
        finished(crawling(data, portal))
        sent = len(portal.log)
    return content(Settings(data_dir=data).reader_path), sent


@pytest.mark.slow
def test_the_undisturbed_run_holds_reports(whole: tuple[dict[str, Any], int]) -> None:
    rows, sent = whole
    assert len(rows["reports"]) > 30
    assert sent > 2 * POINTS


@pytest.mark.slow
@pytest.mark.parametrize("point", range(POINTS))
def test_a_killed_crawl_ends_as_if_it_had_run_once(
    point: int, whole: tuple[dict[str, Any], int], tmp_path: Path
) -> None:
    expected, sent = whole
    with Portal(demo_network()) as portal:
        killed_after(crawling(tmp_path, portal), portal, 1 + point * (sent - 2) // (POINTS - 1))
        finished(crawling(tmp_path, portal))
    reader = Settings(data_dir=tmp_path).reader_path
    found = content(reader)
    killed = run_sql(reader, "SELECT state, summary ->> 'killed' FROM runs ORDER BY started_at LIMIT 1").rows
    assert killed == (("failed", "true"),)
    for name, rows in expected.items():
        assert found[name] == rows, f"{name} differ"


@pytest.mark.slow
def test_a_killed_crawl_under_prefect_leaves_no_server_behind(
    whole: tuple[dict[str, Any], int], tmp_path: Path
) -> None:
    expected, sent = whole
    with Portal(demo_network()) as portal:
        killed_after(crawling(tmp_path, portal, prefect=True), portal, sent // 2)
        time.sleep(1)
        left = subprocess.run(
            ["pgrep", "--full", f"PREFECT_HOME={tmp_path}"], capture_output=True, text=True, check=False
        )
        assert left.stdout == ""
        finished(crawling(tmp_path, portal, prefect=True))
    assert content(Settings(data_dir=tmp_path).reader_path) == expected
