"""`nianbao serve` and `nianbao deploy`: a server, its deployments and a worker, through kills and changed files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import CrawlRun, crawl_plainly
from flows.serving.deployment_files import deployment_folder
from flows.settings import Settings
from scrapers.sources.registry import load_sources, select_sources
from tests.flows.served import Served, serving, wait_for
from tests.flows.test_killed_crawl import content
from warehouse.query import run_sql

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Portal(demo_network()) as portal, serving(tmp_path_factory.mktemp("served"), portal.url) as running:
        yield running


def test_it_says_what_it_deployed_and_where_the_ui_is(served: Served) -> None:
    assert "create deployment crawl/crawl-daily: 30 6 * * * Asia/Shanghai" in served.log
    assert f"Prefect's UI: {served.url}" in served.log
    assert requests.get(served.url, timeout=10).headers["content-type"].startswith("text/html")


def test_it_says_that_nobody_is_notified(served: Served) -> None:
    assert "Nobody is notified of what fails or falls silent: set notify_webhook or notify_email" in served.log
    looked = served.nianbao("doctor", COLUMNS="300").stdout
    assert "nobody is told of what fails or falls silent" in looked


def test_publishing_before_the_first_crawl_is_no_failure(served: Served) -> None:
    state = served.ended(served.run("publish/publish"))
    assert (state["type"], state["name"]) == ("CANCELLED", "Skipped")
    assert "nothing was crawled yet" in state["message"]


def test_it_listens_on_loopback_only(served: Served) -> None:
    listening = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ours = [line.split()[1] for line in listening if line.split()[1].endswith(f":{served.port:04X}")]
    assert {address.partition(":")[0] for address in ours} == {"0100007F"}


def test_it_asks_nobody_but_this_machine(served: Served) -> None:
    environ = Path(f"/proc/{served.children()[0]}/environ").read_bytes().split(b"\0")
    assert b"PREFECT_SERVER_ANALYTICS_ENABLED=false" in environ
    assert b"DO_NOT_TRACK=1" in environ


def test_deploying_again_changes_nothing(served: Served) -> None:
    checked = served.nianbao("deploy", "--check")
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr


def test_deploying_from_another_folder_says_where_the_flows_would_run(served: Served, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "deploy", "--check"],
        cwd=tmp_path,
        env=served.environment | served.client,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    held, wanted = (f"'set_working_directory directory={folder}'" for folder in (served.folder, tmp_path))
    assert f"change deployment crawl/crawl-daily: pull steps {held} -> {wanted}" in done.stdout


def test_prefects_own_command_gives_the_same_deployments(served: Served) -> None:
    done = served.prefect("deploy", "--all", "--prefect-file", str(deployment_folder() / "prefect.yaml"))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    checked = served.nianbao("deploy", "--check")
    assert (checked.returncode, checked.stdout) == (0, "")


def changed_files(served: Served) -> tuple[Path, dict[str, Any]]:
    folder = served.folder / "mine"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in deployment_folder().glob("*.yaml"):
        shutil.copy(file, folder)
    return folder, yaml.safe_load((folder / "prefect.yaml").read_text())


def schedules(served: Served, deployment: str) -> dict[str, bool]:
    (found,) = served.ask("deployments/filter", deployments={"name": {"any_": [deployment]}})
    return {schedule["slug"]: schedule["active"] for schedule in found["schedules"]}


def test_what_is_no_longer_in_the_files_is_removed(served: Served) -> None:
    folder, file = changed_files(served)
    file["deployments"] = [one for one in file["deployments"] if one["name"] != "maintain"]
    (season,) = [one for one in file["deployments"] if one["name"] == "crawl-season"]
    del season["schedules"][1]
    (folder / "prefect.yaml").write_text(yaml.safe_dump(file))

    checked = served.nianbao("deploy", "--check", "--deployments", str(folder))
    assert checked.returncode == 1
    assert checked.stdout.splitlines() == [
        "remove deployment crawl/crawl-season, schedule february-and-march: no longer in the file",
        "remove deployment maintain: no longer in the file; its scheduled runs go with it",
    ]
    assert "february-and-march" in schedules(served, "crawl-season"), "--check changes nothing"

    assert served.nianbao("deploy", "--deployments", str(folder)).returncode == 0
    assert set(schedules(served, "crawl-season")) == {"from-mid-january", "to-mid-april"}
    assert not served.ask("deployments/filter", deployments={"name": {"any_": ["maintain"]}})
    assert served.nianbao("deploy", "--check", "--deployments", str(folder)).returncode == 0

    again = served.nianbao("deploy")
    assert "create deployment maintain/maintain" in again.stdout
    assert "february-and-march" in schedules(served, "crawl-season")


def test_deployments_that_people_made_are_left_alone(served: Served) -> None:
    (daily,) = served.ask("deployments/filter", deployments={"name": {"any_": ["crawl-daily"]}})
    mine = {"name": "of mine", "flow_id": daily["flow_id"], "entrypoint": "flows.crawl.crawl", "tags": ["mine"]}
    served.ask("deployments/", **mine)
    assert served.nianbao("deploy").returncode == 0
    assert served.ask("deployments/filter", deployments={"name": {"any_": ["of mine"]}})


def test_a_schedule_that_somebody_paused_stays_paused(served: Served) -> None:
    (season,) = served.ask("deployments/filter", deployments={"name": {"any_": ["crawl-season"]}})
    (april,) = [one for one in season["schedules"] if one["slug"] == "to-mid-april"]
    requests.patch(
        f"{served.url}/api/deployments/{season['id']}/schedules/{april['id']}", json={"active": False}, timeout=10
    ).raise_for_status()
    folder, file = changed_files(served)
    (wanted,) = [one for one in file["deployments"] if one["name"] == "crawl-season"]
    wanted["description"] = "said otherwise"
    (folder / "prefect.yaml").write_text(yaml.safe_dump(file))
    assert served.nianbao("deploy", "--deployments", str(folder)).returncode == 0
    assert schedules(served, "crawl-season") == {
        "from-mid-january": True,
        "february-and-march": True,
        "to-mid-april": False,
    }
    served.nianbao("deploy")


def test_a_file_that_cannot_be_used_is_named_with_the_place(served: Served) -> None:
    folder, file = changed_files(served)
    file["deployments"][0]["work_pool"]["work_queue_name"] = "nowhere"
    (folder / "prefect.yaml").write_text(yaml.safe_dump(file))
    done = served.nianbao("deploy", "--deployments", str(folder))
    assert done.returncode == 2
    assert f"{folder / 'prefect.yaml'}: crawl-daily: no pool nianbao with a queue nowhere" in done.stderr


def test_a_second_serve_on_the_same_folder_is_refused(served: Served) -> None:
    done = served.nianbao("serve", "--port", str(served.port))
    assert done.returncode == 1
    assert "nianbao serve runs already" in done.stderr


def test_a_crawl_by_hand_uses_the_server_that_is_there(served: Served) -> None:
    done = served.nianbao("crawl", "--source", "yunling/yanxi")
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Starting a Prefect server" not in done.stderr
    assert any(run["name"] == "crawl yunling/yanxi" for run in served.runs())


def test_a_crawl_of_sources_that_are_being_crawled_is_skipped_with_the_reason(served: Served) -> None:
    from datetime import UTC, datetime

    from flows.runs.source_set import only_run_of

    sets = served.folder / "data" / "state" / "sets"
    with only_run_of(sets, "crawl all", "another one", datetime.now(UTC)):
        state = served.ended(served.run("crawl/crawl-season"))
    assert (state["type"], state["name"]) == ("CANCELLED", "Skipped")
    assert "run another one does the same" in state["message"]


def test_a_watch_records_what_is_new_and_leaves_the_pages_to_the_next_crawl(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, pace_seconds=0, sources_dir=SOURCES)
    registry = load_sources(SOURCES)
    chosen = select_sources(registry, ids=["yunling/yanxi", "qinglan/lanting"])
    with Portal(demo_network()) as portal:
        here = settings.model_copy(update={"proxy": portal.url})
        watched = CrawlRun(here, chosen, registry, kind="watch", only_lists=True)
        with watched:
            for group in watched.groups:
                watched.collect_group(group)
        wanted = {url for (url,) in run_sql(here.reader_path, "SELECT url FROM raw_candidates").rows}
        assert wanted
        assert not wanted & {access.url for access in portal.log}, "no page of a candidate was asked for"
        found = watched.summary()
        assert found.new == 0
        assert all(tally.wanted > 10 for tally in found.tallies)
        states = run_sql(here.reader_path, "SELECT DISTINCT state FROM raw_candidates WHERE state <> 'rejected'").rows
        assert states == (("wanted",),)
        crawled = crawl_plainly(here, chosen, registry)
        assert crawled.new > 30
        assert run_sql(here.reader_path, "SELECT kind FROM runs ORDER BY started_at").rows == (("watch",), ("crawl",))


def test_watch_publish_and_maintain_end_well_and_leave_their_artifacts(served: Served) -> None:
    for deployment in ("watch/watch", "maintain/maintain"):
        state = served.ended(served.run(deployment), 300)
        assert state["type"] == "COMPLETED", (deployment, state["message"])

    def published() -> bool:
        return any(run["state"]["type"] == "COMPLETED" for run in served.runs("publish"))

    wait_for("the automation that publishes after a watch", published, 120)
    wanted = json.dumps({"parameters": {"export": True, "announce": False}})
    assert served.ended(served.run("publish/publish", "--params", wanted))["type"] == "COMPLETED"
    assert (served.folder / "data" / "export" / "datapackage.json").exists()
    keys = {found["key"] for found in served.ask("artifacts/latest/filter")}
    assert keys >= {"watch-progress", "watch-summary", "data-quality", "coverage", "digest", "archive"}
    assert list((served.folder / "data" / "digests").glob("*.md"))
    assert served.nianbao("digest").stdout.startswith("# nianbao, ")


def test_a_server_that_ends_in_mid_run_comes_back_and_the_run_goes_on(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal, serving(tmp_path, portal.url, NIANBAO_PACE_SECONDS="0.1") as served:
        run = served.run("crawl/crawl-daily")
        wait_for("the middle of the crawl", lambda: len(portal.log) > 100, 120)
        (server,) = [
            one
            for one in served.children()
            if b"flows.serving.prefect_server" in Path(f"/proc/{one}/cmdline").read_bytes()
        ]
        os.kill(server, signal.SIGKILL)
        wait_for("the new start", lambda: "starting it again" in served.log, 30)

        def back() -> bool:
            try:
                return requests.get(f"{served.url}/api/health", timeout=2).ok
            except requests.RequestException:
                return False

        wait_for("the server", back, 120)
        assert served.ended(run)["type"] == "COMPLETED"
        assert len(served.runs("crawl-daily")) == 1


def test_a_run_that_had_not_begun_when_all_was_killed_begins_after_the_restart(tmp_path: Path) -> None:
    with Portal(demo_network()) as portal, serving(tmp_path, portal.url) as served:
        run = served.run("backfill/backfill", "--params", json.dumps({"parameters": {"years": "2023"}}))
        wait_for("the worker to have taken it", lambda: served.state(run)["type"] == "PENDING", 60)
        served.kill_all()
        assert not portal.log
        served.start()
        assert "Put back: a run of backfill (" in served.log
        assert served.ended(run)["type"] == "COMPLETED", "its place in the limit of one run was given back"


def test_killed_in_mid_run_it_comes_back_and_the_next_run_finishes_the_work(tmp_path: Path) -> None:
    plain = Settings(data_dir=tmp_path / "plain", pace_seconds=0, sources_dir=SOURCES)
    registry = load_sources(SOURCES)
    with Portal(demo_network()) as portal:
        crawl_plainly(plain.model_copy(update={"proxy": portal.url}), registry, registry)
        whole = len(portal.log)
    folder = tmp_path / "served"
    folder.mkdir()
    with Portal(demo_network()) as portal, serving(folder, portal.url, NIANBAO_BATCH_PAGES="4") as served:
        run = served.run("crawl/crawl-daily")
        wait_for("the middle of the crawl", lambda: len(portal.log) > whole // 3, 60)
        served.kill_all()
        sent = len(portal.log)
        served.start()
        assert "Marked as crashed: crawl all sources" in served.log
        assert served.state(run)["type"] == "CRASHED"
        assert served.ended(served.run("crawl/crawl-daily"))["type"] == "COMPLETED"
        assert len(portal.log) - sent < whole, "what was held is not asked for again"
        began = time.monotonic()
        assert served.stop() == 0
        assert time.monotonic() - began < 30
        assert "Stopped." in served.log
    assert content(Settings(data_dir=folder / "data").reader_path) == content(plain.reader_path)
