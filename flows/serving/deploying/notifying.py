"""The blocks by which notifications go, and the automations that send them or start a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from prefect.automations import AutomationCore
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound

from flows.serving.deploying.change import AT_ONCE, Change, said_difference
from flows.serving.deployment_files import PREFIX, DeploymentFileError, Wanted, WantedAction
from flows.serving.notification_blocks import KINDS, NAME, block_id, is_as_wanted, reference, wanted_blocks
from flows.settings import Settings, SettingsError

_NOBODY = "the settings here name nobody to notify: set notify_webhook, notify_email or notify_blocks to keep it"
"""Typed in a shell that lacks what the service has (NIANBAO_NOTIFY_WEBHOOK ...), a deployment would end all
notifications."""


async def block_changes(client: PrefectClient, _: Wanted, settings: Settings) -> list[Change]:
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


async def unwanted_block_changes(client: PrefectClient, _: Wanted, settings: Settings) -> list[Change]:
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


async def automation_changes(client: PrefectClient, wanted: Wanted, settings: Settings) -> list[Change]:
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
                "" if before is None else said_difference(_comparable(core), _comparable(before))
            ) or automation.description
            if before is not None and _comparable(core) == _comparable(before):
                continue
        changes.append(_put_automation(client, automation.name, core, held.get(automation.name), detail))
    for name in sorted(held.keys() - wanted_names):
        changes.append(
            Change(
                "remove",
                f"automation {name.removeprefix(PREFIX)}",
                _NOBODY if name in tells_nobody else "no longer in the file",
                partial(client.delete_automation, held[name].id),
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
    while page := await client.read_automations(limit=AT_ONCE, offset=len(found)):
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
