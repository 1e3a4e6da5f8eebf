"""All stages in their order: compare them with the server, or make the server as wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from prefect.client.orchestration import PrefectClient

from flows.serving.deploying.change import Change
from flows.serving.deploying.notifying import automation_changes, block_changes, unwanted_block_changes
from flows.serving.deploying.pool_and_limits import limit_changes, pool_changes, queue_changes
from flows.serving.deploying.scheduled import check_schedules, deployment_changes
from flows.serving.deployment_files import Wanted
from flows.settings import Settings

STAGES: tuple[Callable[[PrefectClient, Wanted, Settings], Awaitable[list[Change]]], ...] = (
    pool_changes,
    queue_changes,
    limit_changes,
    deployment_changes,
    block_changes,
    automation_changes,
    unwanted_block_changes,
)


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
