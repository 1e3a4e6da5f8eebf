"""The work pool, its queues, and the global concurrency limits."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import (
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
    WorkPoolCreate,
    WorkPoolUpdate,
)
from prefect.exceptions import ObjectNotFound
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type

from flows.serving.deploying.change import AT_ONCE, Change, said_difference
from flows.serving.deployment_files import PREFIX, DeploymentFileError, Wanted, WantedQueue
from flows.settings import Settings


async def pool_changes(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
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
    differs = said_difference(
        {"description": pool.description, "concurrency_limit": pool.concurrency_limit},
        {"description": held.description, "concurrency_limit": held.concurrency_limit},
    )
    if not differs:
        return []
    update = WorkPoolUpdate(description=pool.description, concurrency_limit=pool.concurrency_limit)
    return [Change("change", f"work pool {pool.name}", differs, lambda: client.update_work_pool(pool.name, update))]


async def queue_changes(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
    changes = []
    for queue in wanted.queues:
        try:
            held = await client.read_work_queue_by_name(queue.name, wanted.pool.name)
        except ObjectNotFound:
            changes.append(_new_queue(client, queue, wanted.pool.name))
            continue
        differs = said_difference(
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


async def limit_changes(client: PrefectClient, wanted: Wanted, _: Settings) -> list[Change]:
    held: dict[str, Any] = {}
    offset = 0
    while page := await client.read_global_concurrency_limits(limit=AT_ONCE, offset=offset):
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
                    partial(client.create_global_concurrency_limit, create),
                )
            )
        elif held[limit.name].limit != limit.limit:
            changes.append(
                Change(
                    "change",
                    f"limit {limit.name}",
                    f"{held[limit.name].limit} -> {limit.limit}",
                    partial(client.update_global_concurrency_limit, limit.name, update),
                )
            )
    for name in held.keys() - {limit.name for limit in wanted.global_limits}:
        changes.append(
            Change(
                "remove",
                f"limit {name}",
                "",
                partial(client.delete_global_concurrency_limit_by_name, name),
            )
        )
    return changes
