"""A message that a receiver does not take at once is sent again: Prefect's server itself sends a notification once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from prefect.blocks.abstract import NotificationError
from prefect.logging import get_logger

WAITS: tuple[float, ...] = (5.0, 25.0, 90.0)
"""Seconds before each further attempt. The server does two actions at a time, and both may wait here: so two minutes in
all, and no more, since runs are begun and dead ones found by actions too."""
_LOGGER: Final = get_logger("nianbao.notifications")


async def sent_again(send: Callable[[], Awaitable[None]], passing: Callable[[Exception], str | None]) -> None:
    """``send``, and again after each of :data:`WAITS` while it raises what ``passing`` names.

    ``passing`` gives the reason, without secrets, of an error that may be over soon, and ``None`` for all others, which
    are raised at once. Raises ``NotificationError`` with the reason after the last attempt: Prefect then records that
    the action failed. Any other error it would take for one of its own, and send the message three times more at once.
    """
    for wait in (*WAITS, None):
        try:
            await send()
        except Exception as error:
            reason = passing(error)
            if reason is None:
                raise
            if wait is None:
                _LOGGER.error("a notification was given up after %d attempts: %s", len(WAITS) + 1, reason)
                raise NotificationError(log=reason) from None
            _LOGGER.warning("a notification was not taken (%s); it is sent again in %.0f s", reason, wait)
            await asyncio.sleep(wait)
        else:
            return


def in_a_loop() -> bool:
    """Whether the caller is a coroutine, as Prefect's server is: a block's ``notify`` is awaited there."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
