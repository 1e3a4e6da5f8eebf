"""``nianbao notify``: a test message by every way that notifications go, so that one that is wrong is known today."""

from __future__ import annotations

import os
import re
import socket
from contextlib import redirect_stdout
from io import StringIO

from flows.serving.prefect_server import use_served
from flows.settings import Settings
from flows.terminal import say, talk

SUBJECT = "nianbao: a test message"
_LEVEL = re.compile(r"^\[\w+\]: ")


def notify_command(settings: Settings) -> int:
    """Send it. Exit code 1 where a way failed, 2 where none is set."""
    use_served(settings.prefect_home)

    import httpx  # Prefect's own client library
    from prefect.blocks.abstract import NotificationBlock, NotificationError
    from prefect.blocks.core import Block  # two seconds of imports

    from flows.serving.notification_blocks import wanted_blocks

    def send(name: str, block: Block | None) -> str | None:
        """Why the message did not go, in words that hold no secret."""
        if block is None and "PREFECT_API_URL" not in os.environ:
            return "the block is on the Prefect server: start it with `nianbao serve`, or set PREFECT_API_URL"
        try:
            way = block or Block.load(name)
            if not isinstance(way, NotificationBlock):
                return "no block that can notify"
            with redirect_stdout(StringIO()), way.raise_on_failure():  # Apprise prints its own protocol
                _: object = way.notify(body=body, subject=SUBJECT)  # declared as a coroutine, done when called so
        except NotificationError as error:
            return _LEVEL.sub("", (error.log or "it was not taken").strip().splitlines()[-1])
        except httpx.HTTPStatusError as error:
            return f"its server answers {error.response.status_code} {error.response.reason_phrase}"
        except Exception as error:  # noqa: BLE001  # whatever a way fails by is what this command is for
            return str(error) or type(error).__name__
        return None

    ways: list[tuple[str, Block | None]] = [(one.reference, one.block) for one in wanted_blocks(settings)]
    ways += [(name, None) for name in settings.notify_blocks]
    if not ways:
        say("error", "nobody is notified: set notify_webhook, notify_email or notify_blocks (docs/operating.md)")
        return 2
    body = f"Sent by `nianbao notify` on {socket.gethostname()}: what a crawl has to say will come the same way."
    reasons = {name: send(name, block) for name, block in ways}
    for name, why_not in reasons.items():
        if why_not is None:
            talk.print(f"{name}: sent")
        else:
            say("error", f"{name}: {why_not}")
    return 1 if any(reasons.values()) else 0
