"""A Prefect notification block that posts JSON to a webhook, and again where the receiver is down for a moment."""

from __future__ import annotations

from typing import Any, Final

import httpx
from prefect.blocks.notifications import CustomWebhookNotificationBlock

from flows.serving.sending_again import in_a_loop, sent_again

_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that may be others in a moment."""


class Webhook(CustomWebhookNotificationBlock):
    """Post notifications to a webhook, up to four times in two minutes."""

    _block_type_name = "nianbao Webhook"
    _block_type_slug = "nianbao-webhook"
    _description = "Post notifications to a webhook, again where it does not answer."

    async def anotify(self, body: str, subject: str | None = None) -> None:
        """Raises ``NotificationError`` where no attempt was taken."""

        async def send() -> None:
            await super(Webhook, self).anotify(body, subject)

        await sent_again(send, _passing)

    def notify(self, body: str, subject: str | None = None) -> Any:
        """Once and at once, for who waits for the answer; within a coroutine as :meth:`anotify`."""
        return self.anotify(body, subject) if in_a_loop() else super().notify(body, subject)


def _passing(error: Exception) -> str | None:
    """The address is a secret, so the error's own words are not used."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in _PASSING:
        return f"its server answers {error.response.status_code}"
    return f"it does not answer: {type(error).__name__}" if isinstance(error, httpx.TransportError) else None
