"""Two crawls of the same sources at the same time, by mistake: nothing is lost, and nothing is held twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployments.portal.demo import demo_network
from deployments.portal.proxy import Portal
from flows.settings import Settings
from tests.flows.test_killed_crawl import content, crawling, finished
from warehouse.query import run_sql


@pytest.mark.slow
def test_two_crawls_at_once_leave_what_one_leaves(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal:
        finished(crawling(tmp_path / "one", portal))
        expected = content(Settings(data_dir=tmp_path / "one").reader_path)
    with Portal(demo_network()) as portal:
        both = [crawling(tmp_path / "two", portal) for _ in range(2)]
        for process in both:
            finished(process)
        reader = Settings(data_dir=tmp_path / "two").reader_path
    assert content(reader) == expected
    assert run_sql(reader, "SELECT state, count(*) FROM runs GROUP BY ALL").rows == (("completed", 2),)
