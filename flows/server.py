"""The Prefect server that a single command brings along when nobody runs one.

Prefect's own ephemeral server costs 14 to 23 s a run and prints tracebacks as it goes down. This one is the same
application on SQLite, started as a child on a free loopback port while the command does its other imports, and ended
with the command, however that ends: the child stops when its standard input closes.

No module here imports Prefect at import time: the environment must be set first.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

READY_WITHIN = 120.0
"""Seconds; the first start writes Prefect's schema, about 10 to 20 s on two cores."""


class ServerError(Exception):
    """The embedded Prefect server did not come up; the message says where its log lies."""


QUIET = {
    # Nothing leaves the machine, and the terminal belongs to our own progress bar.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "ERROR",
}


@contextmanager
def prefect_server(home: Path) -> Iterator[str]:
    """An address of a Prefect API for the time of the block, set in this process's environment.

    Where ``PREFECT_API_URL`` is set already, that server is used and none is started. Enter the block before anything
    imports Prefect. Raises :class:`ServerError`.
    """
    given = os.environ.get("PREFECT_API_URL")
    if given:
        os.environ.update(QUIET)
        yield given
        return
    with _child(home) as (process, url):
        os.environ.update(QUIET, PREFECT_HOME=str(home.resolve()), PREFECT_API_URL=url)
        try:
            import prefect  # noqa: F401  # two seconds of imports, while the child does its own

            _wait_until_ready(process, url, home)
            yield url
        finally:
            _flush()
            del os.environ["PREFECT_API_URL"]


@contextmanager
def _child(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    home.mkdir(parents=True, exist_ok=True)
    environment = os.environ | QUIET | {"PREFECT_HOME": str(home.resolve()), "PREFECT_SERVER_UI_ENABLED": "false"}
    with (home / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the command; the child ends when the command does
        )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        port = process.stdout.readline().strip().decode()
        if not port:
            raise ServerError(f"the embedded Prefect server did not start; see {home / 'server.log'}")
        yield process, f"http://127.0.0.1:{port}/api"
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, home: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            try:
                if session.get(f"{url}/health", timeout=2).ok:
                    return
            except requests.RequestException:
                pass  # not listening yet
            time.sleep(0.05)
    raise ServerError(
        f"the embedded Prefect server did not come up within {READY_WITHIN:.0f} s; see {home / 'server.log'}, "
        "or start one with `prefect server start` and set PREFECT_API_URL"
    )


def _flush() -> None:
    """Send what Prefect still holds back. Its threads would otherwise wait a minute for a server that is gone."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (APILogWorker, EventsWorker):
        worker.drain_all(timeout=10)


def _stop_with_parent() -> None:
    """End this process when the parent's end of standard input closes, also after a kill -9."""
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """The child: say the port at once, then load and serve the application until the parent is gone."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_stop_with_parent, daemon=True).start()

    import uvicorn  # the port must be said before six seconds of imports
    from prefect.server.api.server import create_app

    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="warning", access_log=False))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
