"""``nianbao deploy``: make a Prefect server as the files say, or show what differs."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from flows.serving.deployment_files import deployment_folder, read_wanted
from flows.serving.prefect_server import use_served
from flows.settings import Settings
from flows.terminal import many, say, shown, talk


def deploy_command(settings: Settings, *, check: bool, folder: Path | None) -> int:
    """Make the Prefect server as the files say; with ``check`` show what differs. Exit code 1 where something does."""
    wanted = read_wanted(folder or deployment_folder())
    use_served(settings.prefect_home)
    os.environ["PWD"] = str(Path.cwd())  # where the flows are to run; prefect.yaml names it so

    import httpx  # Prefect's own client library
    from prefect.client.orchestration import get_client  # two seconds of imports
    from prefect.settings import PREFECT_API_URL

    from flows.serving.deploying.change import Change
    from flows.serving.deploying.deploy import apply_all, differences

    if not PREFECT_API_URL.value():
        say("error", "no Prefect server: start one with `nianbao serve`, which also deploys, or set PREFECT_API_URL")
        return 2

    async def deploy() -> int:
        async with get_client() as client:
            if check:
                found = await differences(client, wanted, settings)
                for change in found:
                    sys.stdout.write(f"{shown(change)}\n")
                talk.print(
                    f"{many(len(found), 'difference')}; nianbao deploy takes them away."
                    if found
                    else f"{PREFECT_API_URL.value()} is as the files say."
                )
                return 1 if found else 0

            def tell(change: Change) -> None:
                sys.stdout.write(f"{shown(change)}\n")

            count = await apply_all(client, wanted, settings, tell)
            talk.print(f"{many(count, 'change')} deployed to {PREFECT_API_URL.value()}.")
            return 0

    try:
        return asyncio.run(deploy())
    except (httpx.ConnectError, httpx.TimeoutException) as error:
        say(
            "error",
            f"the Prefect server at {PREFECT_API_URL.value()} cannot be reached: {error}. Start it, "
            "or unset PREFECT_API_URL: the one of `nianbao serve` here is found without",
        )
        return 1
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.UNAUTHORIZED:
            raise
        say("error", "the Prefect server asks for its password: set PREFECT_API_AUTH_STRING to the server's own")
        return 1
