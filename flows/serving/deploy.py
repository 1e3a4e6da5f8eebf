"""Make a Prefect server as the files of ``deployments/`` say: what differs, and each difference taken away.

``prefect deploy`` applies a file's deployments and leaves what is no longer in it (PrefectHQ/prefect#23097). Here what
is ours and no longer wanted is removed too; ours are deployments with the tag ``nianbao``, automations and global
limits whose name begins with ``nianbao: ``. What people made themselves is left alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.client.schemas.objects import ConcurrencyOptions, DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.utilities.templating import apply_values
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type
from pydantic import ValidationError

from flows.serving.deployment_files import (
    DEPLOYMENTS,
    OURS,
    PREFIX,
    DeploymentFileError,
    Wanted,
    WantedAction,
    WantedDeployment,
    WantedQueue,
    WantedSchedule,
)
from flows.serving.notification_blocks import KINDS, NAME, block_id, is_as_wanted, reference, wanted_blocks
from flows.settings import Settings, SettingsError

_PAGE = 200
"""Objects asked for at once; Prefect's own most."""
_NOBODY = "the settings here name nobody to notify: set notify_webhook, notify_email or notify_blocks to keep it"
"""Typed in a shell that lacks what the service has (NIANBAO_NOTIFY_WEBHOOK ...), a deployment would end all
notifications."""


@dataclass(frozen=True)
class Change:
    """Something on the server that is not as wanted."""

    action: Literal["create", "change", "remove"]
    thing: str
    """``deployment crawl/crawl-daily``, ``automation ...``"""
    detail: str
    apply: Callable[[], Awaitable[Any]]

    def __str__(self) -> str:
        return f"{self.action} {self.thing}" + (f": {self.detail}" if self.detail else "")


async def apply_all(
    client: PrefectClient, wanted: Wanted, settings: Settings, on_change: Callable[[Change], None]
) -> int:
    """Make the server as wanted, telling of each change; returns how many there were.

    Later stages need what earlier ones make (a deployment its queue, an automation its deployment), so each is compared
    only after the one before it was applied.
    """
    check_schedules(wanted)
    count = 0
    for stage in STAGES:
        for change in await stage(client, wanted, settings):
            await change.apply()
            on_change(change)
            count += 1
    return count


async def differences(client: PrefectClient, wanted: Wanted, settings: Settings) -> list[Change]:
    """What :func:`apply_all` would do; changes nothing."""
    check_schedules(wanted)
    return [change for stage in STAGES for change in await stage(client, wanted, settings)]


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


# ------------------------------------------------------------------- work pool, queues, global limits


async def _pool(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
    pool = wanted.pool
    try:
        held = await client.read_work_pool(pool.name)
    except ObjectNotFound:

        async def create() -> None:
            template = await get_default_base_job_template_for_infrastructure_type(pool.type)
            await client.create_work_pool(
                WorkPoolCreate(
                    name=pool.name,
                    type=pool.type,
                    description=pool.description,
                    base_job_template=template or {},
                    concurrency_limit=pool.concurrency_limit,
                )
            )

        return [Change("create", f"work pool {pool.name}", f"type {pool.type}", create)]
    if held.type != pool.type:
        raise DeploymentFileError(
            f"the work pool {pool.name} is of type {held.type}, wanted is {pool.type}, and a pool cannot change: "
            f"prefect work-pool delete {pool.name}, then deploy again"
        )
    differs = _differs(
        {"description": pool.description, "concurrency_limit": pool.concurrency_limit},
        {"description": held.description, "concurrency_limit": held.concurrency_limit},
    )
    if not differs:
        return []
    update = WorkPoolUpdate(description=pool.description, concurrency_limit=pool.concurrency_limit)
    return [Change("change", f"work pool {pool.name}", differs, lambda: client.update_work_pool(pool.name, update))]


async def _queues(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
    changes = []
    for queue in wanted.queues:
        try:
            held = await client.read_work_queue_by_name(queue.name, wanted.pool.name)
        except ObjectNotFound:
            changes.append(_new_queue(client, queue, wanted.pool.name))
            continue
        differs = _differs(
            queue.model_dump(exclude={"name"}),
            {"description": held.description, "priority": held.priority, "concurrency_limit": held.concurrency_limit},
        )
        if differs:
            changes.append(_changed_queue(client, queue, held.id, differs))
    return changes


def _new_queue(client: PrefectClient, queue: WantedQueue, pool: str) -> Change:
    return Change(
        "create",
        f"work queue {queue.name}",
        f"priority {queue.priority}",
        lambda: client.create_work_queue(
            queue.name,
            queue.description,
            concurrency_limit=queue.concurrency_limit,
            priority=queue.priority,
            work_pool_name=pool,
        ),
    )


def _changed_queue(client: PrefectClient, queue: WantedQueue, queue_id: UUID, differs: str) -> Change:
    fields = queue.model_dump(exclude={"name"})
    return Change("change", f"work queue {queue.name}", differs, lambda: client.update_work_queue(queue_id, **fields))


async def _global_limits(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
    held: dict[str, Any] = {}
    offset = 0
    while page := await client.read_global_concurrency_limits(limit=_PAGE, offset=offset):
        held |= {limit.name: limit for limit in page if limit.name.startswith(PREFIX)}
        offset += len(page)
    changes = []
    for limit in wanted.global_limits:
        create = GlobalConcurrencyLimitCreate(name=limit.name, limit=limit.limit)
        update = GlobalConcurrencyLimitUpdate(limit=limit.limit)
        if limit.name not in held:
            changes.append(
                Change(
                    "create",
                    f"limit {limit.name}",
                    str(limit.limit),
                    lambda create=create: client.create_global_concurrency_limit(create),  # type: ignore[misc]
                )
            )
        elif held[limit.name].limit != limit.limit:
            changes.append(
                Change(
                    "change",
                    f"limit {limit.name}",
                    f"{held[limit.name].limit} -> {limit.limit}",
                    lambda name=limit.name, update=update: (  # type: ignore[misc]
                        client.update_global_concurrency_limit(name, update)
                    ),
                )
            )
    for name in held.keys() - {limit.name for limit in wanted.global_limits}:
        changes.append(
            Change(
                "remove",
                f"limit {name}",
                "",
                lambda name=name: client.delete_global_concurrency_limit_by_name(name),  # type: ignore[misc]
            )
        )
    return changes


# ------------------------------------------------------------------- deployments and their schedules


async def _deployments(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
    held = {deployment.name: deployment for deployment in await _our_deployments(client)}
    changes: list[Change] = []
    for deployment in wanted.deployments:
        changes += await _deployment(client, wanted, deployment)
    for name in sorted(held.keys() - {deployment.name for deployment in wanted.deployments}):
        gone = held[name].id
        changes.append(
            Change(
                "remove",
                f"deployment {name}",
                "no longer in the file; its scheduled runs go with it",
                lambda gone=gone: client.delete_deployment(gone),  # type: ignore[misc]
            )
        )
    return changes


async def _our_deployments(client: PrefectClient) -> list[DeploymentResponse]:
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    found: list[DeploymentResponse] = []
    while page := await client.read_deployments(
        deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=[OURS])), limit=_PAGE, offset=len(found)
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
    differs = _differs(_wanted_fields(deployment, schema, pull), _held_fields(held))
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
                    lambda old=old: client.delete_deployment_schedule(held.id, old.id),  # type: ignore[misc]
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


# ------------------------------------------------------------------- notification blocks and automations


async def _blocks(client: PrefectClient, _: Wanted, settings: Settings) -> list[Change]:
    changes = []
    for wanted in wanted_blocks(settings):
        if await is_as_wanted(wanted):
            continue
        exists = await block_id(client, wanted.reference) is not None

        async def save(block: Any = wanted.block) -> None:
            await type(block).register_type_and_schema(client=client)
            await block.save(NAME, overwrite=True, client=client)

        detail = "its settings differ (not shown: they hold secrets)" if exists else "from the settings"
        changes.append(Change("change" if exists else "create", f"block {wanted.reference}", detail, save))
    return changes


async def _unwanted_blocks(client: PrefectClient, _: Wanted, settings: Settings) -> list[Change]:
    """Blocks of ours that nothing uses any more: they hold a secret. After the automations, which used them."""
    used = {block.reference for block in wanted_blocks(settings)} | set(settings.notify_blocks)
    changes = []
    for name in sorted({reference(kind) for kind in KINDS} - used):
        gone = await block_id(client, name)
        if gone is None:
            continue
        detail = "the settings here no longer describe it"
        changes.append(Change("remove", f"block {name}", detail, partial(client.delete_block_document, gone)))
    return changes


async def _automations(client: PrefectClient, wanted: Wanted, settings: Settings) -> list[Change]:
    held = {found.name: found for found in await _our_automations(client)}
    wanted_names = set()
    tells_nobody = set()
    changes = []
    references = [block.reference for block in wanted_blocks(settings)] + list(settings.notify_blocks)
    for automation in wanted.automations:
        actions, missing = await _actions(client, automation.actions, references)
        if not actions and not missing:
            tells_nobody.add(automation.name)  # it only notifies
            continue
        wanted_names.add(automation.name)
        detail = automation.description
        core = None
        if not missing:
            core = AutomationCore.model_validate(
                {
                    "name": automation.name,
                    "description": automation.description,
                    "trigger": automation.trigger,
                    "actions": actions,
                }
            )
            before = held.get(automation.name)
            detail = (
                "" if before is None else _differs(_comparable(core), _comparable(before))
            ) or automation.description
            if before is not None and _comparable(core) == _comparable(before):
                continue
        changes.append(_put_automation(client, automation.name, core, held.get(automation.name), detail))
    for name in sorted(held.keys() - wanted_names):
        gone = held[name].id
        changes.append(
            Change(
                "remove",
                f"automation {name.removeprefix(PREFIX)}",
                _NOBODY if name in tells_nobody else "no longer in the file",
                lambda gone=gone: client.delete_automation(gone),  # type: ignore[misc]
            )
        )
    return changes


def _put_automation(client: PrefectClient, name: str, core: AutomationCore | None, before: Any, detail: str) -> Change:
    async def put() -> None:
        if core is None:
            raise DeploymentFileError(f"{name}: what it acts on is not on the server")
        if before is None:
            await client.create_automation(core)
        else:
            core.enabled = before.enabled  # somebody may have switched it off
            await client.update_automation(before.id, core)

    return Change("create" if before is None else "change", f"automation {name.removeprefix(PREFIX)}", detail, put)


async def _our_automations(client: PrefectClient) -> list[Any]:
    found: list[Any] = []
    while page := await client.read_automations(limit=_PAGE, offset=len(found)):
        found += page
    return [automation for automation in found if automation.name.startswith(PREFIX)]


async def _actions(
    client: PrefectClient, wanted: list[WantedAction], references: list[str]
) -> tuple[list[dict[str, Any]], bool]:
    """Prefect's actions, and whether something they need is not there yet (it is made by an earlier stage)."""
    actions: list[dict[str, Any]] = []
    missing = False
    for action in wanted:
        if action.notify is not None:
            for reference in references:
                block = await block_id(client, reference)
                if block is None and not reference.endswith(f"/{NAME}"):
                    raise SettingsError(
                        f"setting notify_blocks: there is no block {reference} on the server; make it in Prefect's UI "
                        "(Blocks), or take it out"
                    )
                missing |= block is None
                actions.append({"type": "send-notification", "block_document_id": block, **action.notify.model_dump()})
        elif action.run is not None:
            try:
                deployment = await client.read_deployment_by_name(action.run)
            except ObjectNotFound:
                missing = True
                continue
            actions.append({"type": "run-deployment", "source": "selected", "deployment_id": deployment.id})
        else:
            actions.append(action.model_dump(exclude={"notify", "run"}))
    return actions, missing


def _comparable(automation: AutomationCore) -> dict[str, Any]:
    """What counts of an automation, with sets in order and without what the server adds."""
    said = automation.model_dump(mode="json", include={"description", "trigger", "actions"})
    return {key: _ordered(value) for key, value in said.items()}


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _ordered(item) for key, item in value.items() if key != "id"}
    if isinstance(value, list):
        items = [_ordered(item) for item in value]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    return value


def _differs(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    """The names of what differs, short values with it."""
    parts = []
    for name, value in wanted.items():
        if value != held[name]:
            short = all(isinstance(side, str | int | float | None) for side in (value, held[name]))
            parts.append(f"{name} {held[name]!r} -> {value!r}" if short and name != "description" else name)
    return ", ".join(parts)


STAGES: tuple[Callable[[PrefectClient, Wanted, Settings], Awaitable[list[Change]]], ...] = (
    _pool,
    _queues,
    _global_limits,
    _deployments,
    _blocks,
    _automations,
    _unwanted_blocks,
)
