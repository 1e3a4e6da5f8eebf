"""``nianbao serve``: server, deployments and worker, kept running."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from flows.serving.deployment_files import deployment_folder, read_wanted
from flows.settings import Settings
from flows.terminal import shown, talk


def serve_command(settings: Settings, *, port: int, folder: Path | None) -> int:
    """Server, deployments and worker, until Ctrl-C or SIGTERM."""
    from flows.serving.service import serve

    wanted = read_wanted(folder or deployment_folder())
    os.environ["PWD"] = str(Path.cwd())
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    talk.print(f"Starting a Prefect server on port {port} (10 s; half a minute the first time) ...")
    if not settings.notifies:
        talk.print(
            "Nobody is notified of what fails or falls silent: set notify_webhook or notify_email (docs/operating.md)."
        )
    serve(settings, wanted, port, lambda line: talk.print(shown(line)), stop)
    talk.print("Stopped. Runs that were going on are resumed by the next ones of their kind.")
    return 0
