"""The locked set of Prefect and what it needs starts a server, and a schedule on it produces runs.

Newer releases of two dependencies break exactly these two things, one of them silently (docs/decisions/0003).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import asyncio, sys, time
from pathlib import Path
from flows.serving.prefect_server import prefect_server

with prefect_server(Path(sys.argv[1])):
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.client.schemas.actions import DeploymentScheduleCreate

    @flow
    def tick() -> None: ...

    async def scheduled() -> int:
        async with get_client() as client:
            flow_id = await client.create_flow(tick)
            await client.create_deployment(
                flow_id=flow_id,
                name="every minute",
                schedules=[DeploymentScheduleCreate(schedule=CronSchedule(cron="* * * * *"), active=True)],
            )
            for _ in range(300):
                runs = await client.read_flow_runs()
                if runs:
                    return len(runs)
                await asyncio.sleep(0.1)
        return 0

    print("scheduled", asyncio.run(scheduled()))
"""


@pytest.mark.slow
def test_the_locked_server_starts_and_fires_a_schedule(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(tmp_path)],
        env=environment | {"PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "1"},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    word, count = done.stdout.split()[-2:]
    assert word == "scheduled"
    assert int(count) > 0, "the scheduler produced no run within 30 s"
