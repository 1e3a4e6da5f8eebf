"""Announcements as Prefect events; the automation ``nianbao: something to announce`` turns them into notifications."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from prefect.events import Event, Resource
from prefect.events.clients import get_events_client

from flows.publishing.announcing import Message


def send_event(message: Message) -> None:
    """Hand the message to Prefect's server; returns once it has it. Raises what the connection raises."""
    event = Event(
        id=message.id,
        occurred=datetime.now(UTC),  # type: ignore[arg-type]  # Prefect's own type is a subclass that pydantic makes
        event=f"nianbao.{message.kind}",
        resource=Resource(
            {"prefect.resource.id": f"nianbao.{message.kind}.{message.id}", "prefect.resource.name": message.title}
        ),
        payload={"title": message.title, "text": message.text, "keys": list(message.keys)},
    )

    async def emit() -> None:
        async with get_events_client(checkpoint_every=1) as client:
            await client.emit(event)

    asyncio.run(emit())
