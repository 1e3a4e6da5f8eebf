"""The crawl under Prefect: the same rows as without, and its run, tasks and artifacts where people look for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import crawl_plainly
from flows.settings import Settings
from scrapers.sources.registry import load_sources, select_sources
from warehouse.query import run_sql

CRAWLED = ["qinglan/qinghe", "qinglan/qinghe_liuzhi", "yunling/yanxi"]
"""Two publishers of one host, and one of another."""

SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from flows.serving.prefect_server import prefect_server
from flows.settings import read_settings

with prefect_server(read_settings().prefect_home):
    from flows.crawl import CrawlParameters, crawl
    from prefect.client.orchestration import get_client

    summary = crawl(CrawlParameters(sources=sys.argv[1:]))

    async def recorded():
        async with get_client() as client:
            (run,) = await client.read_flow_runs()
            # Task states reach the server as events, a moment after the flow has ended.
            for _ in range(100):
                tasks = await client.read_task_runs()
                if all(task.state and task.state.is_final() for task in tasks):
                    break
                await asyncio.sleep(0.1)
            artifacts = await client.read_artifacts()
        return {
            "run": [run.name, run.state.name],
            "tasks": sorted([task.name, task.state.name] for task in tasks),
            "artifacts": {artifact.key: artifact.data for artifact in artifacts},
            "new": summary.new,
        }

    print(json.dumps(asyncio.run(recorded()), ensure_ascii=False, default=str))
"""


def reports(data: Path) -> tuple[tuple[Any, ...], ...]:
    query = "SELECT url, publisher, report_year, title, published, text FROM report_texts ORDER BY url"
    return run_sql(Settings(data_dir=data).reader_path, query).rows


@pytest.mark.slow
def test_the_flow_brings_the_same_rows_and_shows_what_it_did(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    registry = load_sources(SOURCES)
    with Portal(demo_network()) as portal:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", SCRIPT, *CRAWLED],
            env=environment
            | {
                "NIANBAO_DATA_DIR": str(tmp_path / "flow"),
                "NIANBAO_SOURCES_DIR": str(SOURCES),
                "NIANBAO_PROXY": portal.url,
                "NIANBAO_PACE_SECONDS": "0",
            },
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        plain = Settings(data_dir=tmp_path / "plain", proxy=portal.url, pace_seconds=0, sources_dir=SOURCES)
        crawl_plainly(plain, select_sources(registry, ids=CRAWLED), registry)
    shown = json.loads(done.stdout.splitlines()[-1])
    assert reports(tmp_path / "flow") == reports(tmp_path / "plain")

    assert shown["run"] == ["crawl " + ", ".join(CRAWLED), "Completed"]
    hosts = {source.hosts[0] for source in select_sources(registry, ids=CRAWLED)}
    assert shown["tasks"] == [[host, "Completed"] for host in sorted(hosts)]
    assert float(shown["artifacts"]["crawl-progress"]) == 100.0
    summary = shown["artifacts"]["crawl-summary"]
    assert f"{shown['new']} new reports" in summary
    assert all(source in summary for source in CRAWLED)
    assert "Traceback" not in done.stderr
