"""The files of ``deployments/`` hold together: what runs is closed in, every name in them is known to somebody."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.schemas.schedules import CronSchedule
from prefect.events.schemas.automations import AutomationCore
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from flows.serving.deploying.scheduled import check_schedules
from flows.serving.deployment_files import BY_HAND, OURS, DeploymentFileError, Wanted, deployment_folder, read_wanted
from flows.serving.prefect_server import STAYING
from flows.serving.service import what_takes_up
from flows.settings import Settings
from tests.flows.served import ROOT

UNITS = sorted((deployment_folder() / "systemd").glob("*.service"))


@pytest.fixture(scope="module")
def wanted() -> Wanted:
    return read_wanted(deployment_folder())


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    file = yaml.safe_load((deployment_folder() / "compose.yaml").read_text())
    return dict(file["services"])


def test_every_deployment_names_a_flow_that_says_what_it_does(wanted: Wanted) -> None:
    for deployment in wanted.deployments:
        flow: Any = load_flow_from_entrypoint(deployment.entrypoint)
        assert flow.description
        assert len(deployment.description) > 40


def test_every_deployment_is_tried_again_and_bounded_in_time(wanted: Wanted) -> None:
    days = {
        "backfill": 14,
        "reprocess": 7,
        "recognise": 14,
    }  # of others a later run does the same work before the next day
    for deployment in wanted.deployments:
        flow: Any = load_flow_from_entrypoint(deployment.entrypoint)
        assert flow.retries in (1, 2), flow.name
        assert 60 <= flow.retry_delay_seconds <= 300, "long enough for a lock or a store to come free"
        least, most = (days[flow.name] - 1, days[flow.name]) if flow.name in days else (0, 1)
        assert least * 86400 < flow.timeout_seconds <= most * 86400, flow.name


def test_every_field_of_every_form_has_a_title_and_a_description(wanted: Wanted) -> None:
    for deployment in wanted.deployments:
        schema = parameter_schema(load_flow_from_entrypoint(deployment.entrypoint)).model_dump_for_openapi()
        (model,) = [one for one in schema["definitions"].values() if one.get("type") == "object"]
        for name, field in model["properties"].items():
            assert field.get("description"), f"{deployment.name}: {name}"
            assert field.get("title"), f"{deployment.name}: {name}"


def test_every_schedule_is_in_china_time_and_one_run_a_deployment_is_the_limit(wanted: Wanted) -> None:
    for deployment in wanted.deployments:
        assert deployment.concurrency_limit.limit == 1
        for schedule in deployment.schedules:
            CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
            assert schedule.timezone == "Asia/Shanghai"


def test_a_schedule_that_never_comes_is_named_before_anything_is_deployed(wanted: Wanted) -> None:
    check_schedules(wanted)
    daily, *others = wanted.deployments
    (every_day,) = daily.schedules
    wrong = (
        every_day.model_copy(update={"cron": "61 6 * * *"}),
        every_day.model_copy(update={"slug": "noon", "timezone": "Asia/Beijing"}),
    )
    changed = replace(wanted, deployments=(daily.model_copy(update={"schedules": wrong}), *others))
    with pytest.raises(DeploymentFileError) as caught:
        check_schedules(changed)
    first, second = str(caught.value).splitlines()
    assert first.startswith("prefect.yaml: crawl-daily: schedule every-day: cron: Invalid cron string")
    assert second.startswith("prefect.yaml: crawl-daily: schedule noon: timezone: ")


def test_automations_are_prefects_own_and_run_what_is_deployed(wanted: Wanted) -> None:
    from prefect.flows import Flow

    names = set()
    for deployment in wanted.deployments:
        flow: Any = load_flow_from_entrypoint(deployment.entrypoint)
        assert isinstance(flow, Flow)
        names.add(f"{flow.name}/{deployment.name}")
    for automation in wanted.automations:
        AutomationCore(name=automation.name, trigger=automation.trigger, actions=[{"type": "do-nothing"}])  # type: ignore[arg-type, list-item]
        assert {action.run for action in automation.actions if action.run} <= names


def test_a_killed_run_without_a_schedule_has_to_be_asked_for_again(wanted: Wanted) -> None:
    for deployment in wanted.deployments:
        said = what_takes_up(deployment.tags, wanted)
        by_hand = deployment.name in ("backfill", "reprocess", "recognise")
        assert ("ask for it again" in said) is by_hand, deployment.name


def test_a_dead_run_is_marked_within_five_minutes_however_the_server_is_delayed(wanted: Wanted) -> None:
    (zombies,) = [one for one in wanted.automations if "dead runs" in one.name]
    heartbeat, delay = 30, 60
    assert zombies.trigger["within"] + delay <= 300
    assert zombies.trigger["within"] >= 5 * heartbeat, "a server that is busy must not make living runs dead"
    related = {f"prefect.tag.{tag}" for tag in (OURS, BY_HAND)}
    assert set(zombies.trigger["match_related"][0]["prefect.resource.id"]) == related, "also what commands began"


def test_containers_run_as_a_plain_user_and_can_write_only_their_volumes(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name == "postgres":  # its image drops root itself
            continue
        assert service["user"] == "10001:10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    users = [line for line in (deployment_folder() / "Dockerfile").read_text().splitlines() if line.startswith("USER")]
    assert users == ["USER 10001:10001"]


def test_the_ui_is_unpacked_where_a_container_can_write(services: dict[str, dict[str, Any]]) -> None:
    folder = services["server"]["environment"]["PREFECT_SERVER_UI_STATIC_DIRECTORY"]
    writable = [*services["server"]["tmpfs"], *(volume.partition(":")[2] for volume in services["server"]["volumes"])]
    assert any(Path(folder).is_relative_to(place) for place in writable)


def test_everything_that_tells_somebody_can_be_set_for_the_containers(services: dict[str, dict[str, Any]]) -> None:
    told = {name for name in Settings.model_fields if name.startswith(("notify_", "smtp_"))} - {"notify_blocks"}
    assert {f"NIANBAO_{name.upper()}" for name in told} <= set(services["deploy"]["environment"])


def test_no_file_of_secrets_gets_into_the_image() -> None:
    left_out = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"**/.env", "**/*.env", "data"} <= set(left_out), "deployments/ is copied whole, and store.env lies there"


def test_containers_publish_ports_on_loopback_only(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:4200:4200"]


@pytest.mark.parametrize("variable", sorted(name for name in STAYING if name.startswith("PREFECT_SERVER_")))
def test_every_way_to_run_a_server_sets_what_one_that_stays_needs(
    services: dict[str, dict[str, Any]], variable: str
) -> None:
    assert services["server"]["environment"][variable] == STAYING[variable]
    unit = (deployment_folder() / "systemd" / "nianbao-server.service").read_text()
    assert f"{variable}={STAYING[variable]}" in unit
    assert f"`{variable}={STAYING[variable]}`" in (ROOT / "docs" / "operating.md").read_text()


def test_a_server_that_stays_forgets_its_runs_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings.models.server.services import ServerServicesDBVacuumSettings

    for name, value in STAYING.items():
        monkeypatch.setenv(name, value)
    assert {"events", "flow_runs", "orphans"} == ServerServicesDBVacuumSettings().enabled_vacuum_types


def test_no_file_holds_a_secret_of_its_own(services: dict[str, dict[str, Any]]) -> None:
    for service in services.values():
        for name, value in service.get("environment", {}).items():
            if any(word in name for word in ("PASSWORD", "AUTH", "WEBHOOK", "CONNECTION_URL")):
                assert "${" in value, f"{name} must come from outside"


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_what_systemd_understands_and_close_the_service_in(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text()
    for bound in ("User=nianbao", "NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=always"):
        assert f"\n{bound}\n" in text
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / unit.name
    copy.write_text(text.replace("/srv/nianbao/nianbao/.venv/bin/", f"{Path(sys.executable).parent}/"))
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
