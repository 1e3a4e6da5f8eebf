"""The blocks by which notifications go out: those the settings describe, and those that were made in Prefect's UI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from prefect.blocks.core import Block
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.types import SecretDict

from flows.serving.email_block import SmtpEmail, Webhook
from flows.settings import Settings, SettingsError

NAME = "nianbao"
"""Name of the blocks that `nianbao deploy` makes from the settings."""
KINDS: Final[tuple[type[Block], ...]] = (Webhook, SmtpEmail, CustomWebhookNotificationBlock)
"""What such blocks are, the last of them until 2026."""


@dataclass(frozen=True, slots=True)
class WantedBlock:
    """A block as the settings describe it. Its content has secrets: never print it."""

    block: Block

    @property
    def reference(self) -> str:
        """``type/name``, as Prefect's own commands have it."""
        return reference(type(self.block))


def reference(kind: type[Block]) -> str:
    """``type/name`` of the block of this kind that is ours."""
    return f"{kind.get_block_type_slug()}/{NAME}"


def wanted_blocks(settings: Settings) -> tuple[WantedBlock, ...]:
    """What the settings describe, none where they are silent. Raises :class:`SettingsError` for half an e-mail."""
    found: list[WantedBlock] = []
    if settings.notify_webhook is not None:
        found.append(
            WantedBlock(
                Webhook(
                    name=NAME,
                    headers=None,
                    cookies=None,
                    url="{{address}}",
                    json_data={"subject": "{{subject}}", "text": "{{body}}", "from": "{{name}}"},
                    secrets=SecretDict({"address": settings.notify_webhook.get_secret_value()}),
                )
            )
        )
    if settings.notify_email:
        if settings.smtp_host is None or settings.smtp_from is None:
            raise SettingsError("setting notify_email: set smtp_host and smtp_from too, or nothing can be sent")
        found.append(
            WantedBlock(
                SmtpEmail(
                    host=settings.smtp_host,
                    port=settings.smtp_port,
                    security=settings.smtp_security,
                    username=settings.smtp_user,
                    password=settings.smtp_password,
                    sender=settings.smtp_from,
                    recipients=list(settings.notify_email),
                )
            )
        )
    return tuple(found)


async def block_id(client: PrefectClient, reference: str) -> UUID | None:
    """The block document ``type/name``, or ``None`` where there is none."""
    slug, _, name = reference.partition("/")
    try:
        return (await client.read_block_document_by_name(name, slug)).id
    except ObjectNotFound:
        return None


async def is_as_wanted(wanted: WantedBlock) -> bool:
    """Whether the server's block has the same content, secrets included."""
    try:
        held = await type(wanted.block).aload(NAME)
    except ValueError:  # there is none
        return False
    return _plain(held) == _plain(wanted.block)


def _plain(block: Block) -> dict[str, Any]:
    """Its content with the secrets; a block that was loaded says with it where it lies, as ``_block_document_id``."""
    said = block.model_dump(mode="json", context={"include_secrets": True})
    return {name: value for name, value in said.items() if not name.startswith("_")}
