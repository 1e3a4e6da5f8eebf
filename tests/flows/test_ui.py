"""Prefect's UI in a browser, as an operator sees it: what is deployed, how far a run is, what it brought."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator

import pytest

from deployments.portal.demo import demo_network
from deployments.portal.proxy import Portal
from tests.flows.served import Served, serving

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--virtual-time-budget=30000",
    "--window-size=1400,1600",  # a list draws only the rows that are in sight
)  # fmt: skip


def page_text(address: str, needed: str = "") -> str:
    """The text of a page once its scripts have run and ``needed`` (a pattern) is in it, if it comes in a few tries."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    for _ in range(4):
        text = _page_text(CHROMIUM, address)
        if re.search(needed, text):
            break
    return text


def _page_text(browser: str, address: str) -> str:
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [browser, *QUIET, f"--user-data-dir={profile}", "--dump-dom", address],
            capture_output=True,
            text=True,
            timeout=150,
            check=True,
        )
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", done.stdout)).split())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with (
        Portal(demo_network(range(2022, 2026))) as portal,
        serving(tmp_path_factory.mktemp("ui"), portal.url) as running,
    ):
        portal.inject("blocked_geo", host="www.qiwu-demo.gov.cn")
        yield running


@pytest.fixture(scope="module")
def run(served: Served) -> str:
    run_id = served.run("crawl/crawl-daily")
    assert served.ended(run_id)["type"] == "COMPLETED"
    return run_id


def test_the_deployments_are_there_with_their_times(served: Served) -> None:
    text = page_text(f"{served.url}/deployments")
    for name in ("crawl-daily", "crawl-season", "watch", "publish", "maintain", "backfill", "reprocess", "recognise"):
        assert name in text
    assert "At 06:30 AM every day" in text


def test_a_run_says_what_it_is_and_shows_its_hosts_logs_and_artifacts(served: Served, run: str) -> None:
    text = page_text(f"{served.url}/runs/flow-run/{run}", r"source=qinglan/qinghe listed")
    assert "crawl all sources" in text
    assert "Completed" in text
    assert re.search(r"run=\S+ kind=crawl sources=\d+ hosts=\d+", text)
    assert re.search(r"source=qinglan/qinghe listed=\d+ wanted=\d+ new=\d+", text)


def artifact(served: Served, key: str) -> str:
    (found,) = served.ask("artifacts/latest/filter", artifacts={"key": {"any_": [key]}})
    return page_text(f"{served.url}/artifacts/artifact/{found['latest_id']}")


def test_the_progress_artifact_says_how_far_a_run_is(served: Served, run: str) -> None:
    text = artifact(served, "crawl-progress")
    assert re.search(r"15 of 15 sources; \d+ rows listed", text)
    assert "100%" in text


def test_the_summary_names_publishers_what_they_brought_and_what_to_do_about_a_refusal(
    served: Served, run: str
) -> None:
    text = artifact(served, "crawl-summary")
    assert "清禾县人民政府" in text
    assert "yunling/yanxi" in text
    assert re.search(r"\d+ new reports in \d+ s, 15 sources, 2 of them with problems", text)
    assert "Crawl slower" in text


def test_the_form_of_a_run_says_what_each_parameter_is(served: Served) -> None:
    (found,) = served.ask("deployments/filter", deployments={"name": {"any_": ["backfill"]}})
    text = page_text(f"{served.url}/deployments/deployment/{found['id']}/run")
    assert "Report years" in text
    assert "Report years, such as 2016-2023 or 2018,2020-2022." in text
