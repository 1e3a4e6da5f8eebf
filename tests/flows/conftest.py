"""What tests of questions share: one data folder in which a publisher has changed a report between two crawls."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from deployments.portal.demo import demo_network
from deployments.portal.proxy import Portal
from flows.settings import Settings
from tests.flows.asked_data import ASKED, CAME_IN
from tests.flows.command_line import started
from warehouse.query import run_sql


def crawl_once(data: Path, portal: Portal, *arguments: str) -> None:
    done = started(
        "crawl", "--no-prefect", "--source", ASKED, "--recheck-days", "0", *arguments, data=data, proxy=portal.url
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]


@pytest.fixture(scope="session")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of two crawls, to be read only: in the report on 2023 a sentence was replaced between them."""
    data = tmp_path_factory.mktemp("asked")
    with Portal(demo_network()) as portal:
        crawl_once(data, portal)
        ((url, sentences),) = run_sql(
            Settings(data_dir=data).reader_path,
            """SELECT url, sentences("text") FROM report_texts
               WHERE report_type = 'rule_of_law' AND report_year = 2023""",
        ).rows
        page = requests.get(url, proxies={"http": portal.url}, timeout=10)
        page.encoding = page.apparent_encoding
        # Numbers may be wrapped in markup, so not every sentence stands in the page as it reads.
        sentence = next(each for each in sentences if len(each) > 20 and page.text.count(each) == 1)
        portal.changes.replace(url, page.text.replace(sentence, CAME_IN).encode(page.encoding or "utf-8"))
        crawl_once(data, portal)
    return data
