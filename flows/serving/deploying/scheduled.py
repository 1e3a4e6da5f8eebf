"""Deployments and their schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyOptions, DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.utilities.templating import apply_values
from pydantic import ValidationError

from flows.serving.deploying.change import AT_ONCE, Change, said_difference
from flows.serving.deployment_files import (
    DEPLOYMENTS,
    OURS,
    DeploymentFileError,
    Wanted,
    WantedDeployment,
    WantedSchedule,
)
from flows.settings import Settings


def check_schedules(wanted: Wanted) -> None:
    """Raises :class:`DeploymentFileError`, a line a schedule that Prefect would not take; call before any change."""
    wrong = []
    for deployment in wanted.deployments:
        for schedule in deployment.schedules:
            try:
                _schedule(schedule, None)
            except ValidationError as error:
                place = f"{DEPLOYMENTS}: {deployment.name}: schedule {schedule.slug}"
                for problem in error.errors():
                    said = problem["msg"].removeprefix("Value error, ")
                    wrong.append(f"{place}: {'.'.join(map(str, problem['loc']))}: {said}")
    if wrong:
        raise DeploymentFileError("\n".join(wrong))


async def deployment_changes(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
    held = {deployment.name: deployment for deployment in await _our_deployments(client)}
    changes: list[Change] = []
    for deployment in wanted.deployments:
        changes += await _deployment(client, wanted, deployment)
    for name in sorted(held.keys() - {deployment.name for deployment in wanted.deployments}):
        changes.append(
            Change(
                "remove",
                f"deployment {name}",
                "no longer in the file; its scheduled runs go with it",
                partial(client.delete_deployment, held[name].id),
            )
        )
    return changes


async def _our_deployments(client: PrefectClient) -> list[DeploymentResponse]:
    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[OURS])), limit=AT_ONCE, offset=len(found)
    ):
        found += page
    return found


async def _deployment(client: PrefectClient, wanted: Wanted, deployment: WantedDeployment) -> list[Change]:
    flow: Flow[..., Any] = load_flow_from_entrypoint(deployment.entrypoint)
    schema = parameter_schema(flow).model_dump_for_openapi()
    # apply_values takes what the templates name from the environment by itself: {{ $PWD }}.
    pull: list[dict[str, Any]] = apply_values([dict(step) for step in wanted.pull], {})
    title = f"deployment {flow.name}/{deployment.name}"
    try:
        held = await client.read_deployment_by_name(f"{flow.name}/{deployment.name}")
    except ObjectNotFound:
        held = None
    before = {} if held is None else {schedule.slug: schedule for schedule in held.schedules if schedule.slug}

    async def put() -> None:
        await client.create_deployment(
            flow_id=await client.create_flow_from_name(flow.name),
            name=deployment.name,
            version=flow.version,
            description=deployment.description,
            entrypoint=deployment.entrypoint,
            path=None,
            tags=deployment.tags,
            parameters=deployment.parameters,
            parameter_openapi_schema=schema,
            enforce_parameter_schema=True,
            pull_steps=pull,
            work_pool_name=deployment.work_pool.name,
            work_queue_name=deployment.work_pool.work_queue_name,
            job_variables=deployment.work_pool.job_variables,
            concurrency_limit=deployment.concurrency_limit.limit,
            concurrency_options=_options(deployment),
            # Prefect makes all schedules anew: one that somebody paused stays paused.
            schedules=[_schedule(schedule, before.get(schedule.slug)) for schedule in deployment.schedules],
        )

    if held is None:
        return [Change("create", title, "; ".join(map(_said, deployment.schedules)) or "no schedule", put)]
    differs = said_difference(_wanted_fields(deployment, schema, pull), _held_fields(held))
    if differs:
        return [Change("change", title, differs, put)]
    return _schedules(client, title, deployment, held)


def _wanted_fields(deployment: WantedDeployment, schema: Any, pull: Any) -> dict[str, Any]:
    options = _options(deployment)
    return {
        "entrypoint": deployment.entrypoint,
        "description": deployment.description,
        "tags": sorted(deployment.tags),
        "parameters": deployment.parameters,
        "parameter form": schema,
        "pull steps": _in_one_line(pull),
        "work pool": deployment.work_pool.name,
        "work queue": deployment.work_pool.work_queue_name,
        "job variables": deployment.work_pool.job_variables,
        "concurrency limit": deployment.concurrency_limit.limit,
        "collision strategy": str(options.collision_strategy.value),
        "grace period": options.grace_period_seconds,
    }


def _held_fields(held: DeploymentResponse) -> dict[str, Any]:
    options = held.concurrency_options
    return {
        "entrypoint": held.entrypoint,
        "description": held.description,
        "tags": sorted(held.tags),
        "parameters": held.parameters,
        "parameter form": held.parameter_openapi_schema,
        "pull steps": _in_one_line(held.pull_steps or []),
        "work pool": held.work_pool_name,
        "work queue": held.work_queue_name,
        "job variables": held.job_variables,
        "concurrency limit": held.global_concurrency_limit.limit if held.global_concurrency_limit else None,
        "collision strategy": str(options.collision_strategy.value) if options else None,
        "grace period": options.grace_period_seconds if options else None,
    }


def _in_one_line(steps: Sequence[Mapping[str, Any]]) -> str:
    """``set_working_directory directory=/srv/nianbao``: said whole, since the folder is what mostly differs."""
    return "; ".join(
        " ".join([name.removeprefix("prefect.deployments.steps."), *(f"{key}={given[key]}" for key in sorted(given))])
        for step in steps
        for name, given in step.items()
    )


def _options(deployment: WantedDeployment) -> ConcurrencyOptions:
    limit = deployment.concurrency_limit
    given: dict[str, Any] = {"collision_strategy": limit.collision_strategy}
    if limit.grace_period_seconds is not None:
        given["grace_period_seconds"] = limit.grace_period_seconds
    return ConcurrencyOptions(**given)


def _schedules(
    client: PrefectClient, title: str, deployment: WantedDeployment, held: DeploymentResponse
) -> list[Change]:
    """Of a deployment that is otherwise as wanted."""
    changes = []
    by_slug = {schedule.slug: schedule for schedule in held.schedules}
    for schedule in deployment.schedules:
        before = by_slug.get(schedule.slug)
        if before is not None and _same(schedule, before):
            continue

        async def put(schedule: WantedSchedule = schedule, before: DeploymentSchedule | None = before) -> None:
            if before is not None:
                await client.delete_deployment_schedule(held.id, before.id)
            await client.create_deployment_schedules(held.id, [_schedule(schedule, before)])

        action: Literal["create", "change"] = "create" if before is None else "change"
        changes.append(Change(action, f"{title}, schedule {schedule.slug}", _said(schedule), put))
    wanted = {schedule.slug for schedule in deployment.schedules}
    for old in held.schedules:
        if old.slug not in wanted:
            changes.append(
                Change(
                    "remove",
                    f"{title}, schedule {old.slug or old.id}",
                    "no longer in the file",
                    partial(client.delete_deployment_schedule, held.id, old.id),
                )
            )
    return changes


def _schedule(wanted: WantedSchedule, before: DeploymentSchedule | None) -> DeploymentScheduleCreate:
    active = wanted.active if wanted.active is not None else before.active if before is not None else True
    return DeploymentScheduleCreate(
        schedule=CronSchedule(cron=wanted.cron, timezone=wanted.timezone),
        active=active,
        slug=wanted.slug,
        parameters=wanted.parameters,
    )


def _same(wanted: WantedSchedule, held: DeploymentSchedule) -> bool:
    return (
        isinstance(held.schedule, CronSchedule)
        and (held.schedule.cron, held.schedule.timezone) == (wanted.cron, wanted.timezone)
        and held.parameters == wanted.parameters
        and wanted.active in (None, held.active)
    )


def _said(schedule: WantedSchedule) -> str:
    return f"{schedule.cron} {schedule.timezone}"
