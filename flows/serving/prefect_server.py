"""The Prefect server that a single command brings along when nobody runs one, and the one of ``nianbao serve``.

Prefect's own ephemeral server costs 14 to 23 s a run and prints tracebacks as it goes down. This one is the same
application on SQLite, started as a child on a loopback port while the command does its other imports, and ended with
the command, however that ends: the child stops when its standard input closes. Where `nianbao serve` runs on the same
data folder, a command uses its server: two of them on one SQLite file would lock each other out.

No module here imports Prefect at import time: the environment must be set first.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO

import requests

from scrapers.errors import ForeseenError

LARGEST_LOG = 10 * 1024 * 1024
"""Bytes of a log at which a new one is begun; the last one is kept as ``.1``."""
EARLIER_EVENT_WITHIN = timedelta(seconds=20)
"""Events come in order but for the few seconds that a client gathers them."""
READY_WITHIN = 120.0
"""Seconds; the first start writes Prefect's schema, about 10 to 20 s on two cores."""


class ServerError(ForeseenError):
    """The embedded Prefect server did not come up; the message says where its log lies."""


class ServingError(ServerError):
    """`nianbao serve` runs already, or its port is taken; the message says which, and what to do."""


SERVING = "serving.json"
"""In Prefect's folder: who serves it, at which address. Locked for as long as that is true."""

QUIET = {
    # Nothing leaves the machine, and the terminal belongs to our own progress bar. What a flow fails by is raised to
    # the command, which says it in a sentence, or shows its traceback where nobody foresaw it; the server has all.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLI_PROMPT": "false",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}


HEARTBEAT = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
STAYING = {
    # In memory, leases are lost with a restart while their slots stay taken, for ever (docs/decisions/0007).
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    # Prefect forgets events after a week and runs never: their tasks and logs grow by gigabytes a year. Ours are in the
    # warehouse; Prefect's go 90 days after their end.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    # By it a run is found that was killed with its worker (deployments/automations.yaml).
    HEARTBEAT: "30",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING",
}
"""What a server and its workers need that stay. Each is only set where nothing else is."""


def served_at(home: Path) -> str | None:
    """The API's address of the `nianbao serve` that runs on this folder, or ``None``."""
    path = home / SERVING
    try:
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return str(json.load(file)["api"])
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):  # not there, or its server is only starting
        return None
    return None


def brings_its_own(home: Path) -> bool:
    """Whether :func:`prefect_server` would start a server, which takes a while that a person should be told of."""
    return "PREFECT_API_URL" not in os.environ and served_at(home) is None


def use_served(home: Path) -> None:
    """Have Prefect ask the `nianbao serve` of this folder, where nobody named a server. Before Prefect is imported."""
    served = served_at(home)
    if "PREFECT_API_URL" not in os.environ and served is not None:
        os.environ["PREFECT_API_URL"] = served
    os.environ.update(QUIET)


@contextmanager
def serving_lock(home: Path, url: str) -> Iterator[None]:
    """Be the one that serves ``home`` inside the block; raises :class:`ServingError` where another is."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / SERVING
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServingError(f"nianbao serve runs already on {home}: {file.read().strip()}") from None
        file.truncate(0)
        json.dump({"api": f"{url}/api", "pid": os.getpid()}, file)
        file.flush()
        yield


@contextmanager
def prefect_server(home: Path) -> Iterator[str]:
    """An address of a Prefect API for the time of the block, set in this process's environment.

    Where ``PREFECT_API_URL`` is set already, that server is used and none is started. Enter the block before anything
    imports Prefect. Raises :class:`ServerError`.
    """
    given = os.environ.get("PREFECT_API_URL")
    if given:
        _knock(given, "Start it, or unset PREFECT_API_URL: nianbao then starts one of its own for this command.")
        os.environ.update(QUIET)
        yield given
        return
    if (served := served_at(home)) is not None:
        _knock(served, "It is that of nianbao serve, which is just starting or being stopped: try again in a minute.")
        os.environ.update(QUIET, PREFECT_HOME=str(home.resolve()), PREFECT_API_URL=served)
        try:
            _read_environment_again()
            yield served
        finally:
            _flush()
            del os.environ["PREFECT_API_URL"]
            _read_environment_again()
        return
    with server_child(home) as (process, url):
        os.environ.update(QUIET, PREFECT_HOME=str(home.resolve()), PREFECT_API_URL=url)
        try:
            import prefect  # noqa: F401  # two seconds of imports, while the child does its own

            _read_environment_again()
            wait_until_ready(process, url, home)
            yield url
        finally:
            _flush()
            del os.environ["PREFECT_API_URL"]
            _read_environment_again()


@contextmanager
def server_child(home: Path, *, port: int = 0, ui: bool = False) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server process and its API's address, for the time of the block; not yet ready. Port 0: any free one.

    Raises :class:`ServerError` where it does not even get a port.
    """
    environment = dict(os.environ) | QUIET
    environment |= {"PREFECT_HOME": str(home.resolve()), "PREFECT_SERVER_UI_ENABLED": str(ui).lower()}
    environment["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "ERROR"  # into its log
    _keep_private(home)
    with open_log(home / "server.log") as log:
        process = subprocess.Popen(  # noqa: S603  # a module of ours and a number
            [sys.executable, "-m", "flows.serving.prefect_server", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the command; the child ends when the command does
        )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        bound = process.stdout.readline().strip().decode()
        if not bound:
            taken = f"on port {port}; it may be taken: --port takes another" if port else ""
            raise ServerError(f"the Prefect server did not start {taken} (see {home / 'server.log'})")
        yield process, f"http://127.0.0.1:{bound}/api"
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _keep_private(home: Path) -> None:
    """Have only its owner read Prefect's SQLite file: the secrets of blocks stand in it, and so does their key.

    What SQLite writes beside the file has the mode of the file.
    """
    home.mkdir(parents=True, exist_ok=True)
    (home / "prefect.db").touch(0o600)
    for path in home.glob("prefect.db*"):
        path.chmod(0o600)


def _read_environment_again() -> None:
    """Prefect reads its settings once, when it is imported: somebody may have done that before us."""
    from prefect.context import refresh_global_settings_context

    refresh_global_settings_context()


def _knock(url: str, what_to_do: str) -> None:
    """Raise :class:`ServerError` where a server that somebody else runs does not let us in."""
    user, _, password = os.environ.get("PREFECT_API_AUTH_STRING", "").partition(":")
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(f"{url}/admin/version", auth=(user, password) if user else None, timeout=30)
        except requests.RequestException as error:
            from scrapers.web.wire import last_words  # not for the server's own process

            raise ServerError(
                f"the Prefect server at {url} cannot be reached ({last_words(error)}). {what_to_do}"
            ) from error
    if answer.status_code == requests.codes.unauthorized:
        raise ServerError(
            f"the Prefect server at {url} asks for its password: set PREFECT_API_AUTH_STRING to the server's own"
        )


def open_log(path: Path) -> BinaryIO:
    """A log to add to; one that has grown large is set aside first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    begin_anew_where_large(path)
    return path.open("ab")


def begin_anew_where_large(path: Path) -> None:
    """Keep what a log holds as ``.1`` and empty it, once it has grown large.

    Whoever adds to it goes on in the same file, so this may be done while a process runs, which is for months; a line
    that is written just then may be missing.
    """
    if not path.exists() or path.stat().st_size <= LARGEST_LOG:
        return
    with suppress(OSError):  # where the disk is full, to have the space is worth more than the lines
        shutil.copyfile(path, path.with_name(path.name + ".1"))
    os.truncate(path, 0)


def wait_until_ready(process: subprocess.Popen[bytes], url: str, home: Path) -> None:
    """Return once the server answers; raises :class:`ServerError` where it ends, or takes too long."""
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
        f"the Prefect server did not come up within {READY_WITHIN:.0f} s; see {home / 'server.log'}, "
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


def main(port: int = 0) -> None:
    """The child: say the port at once, then load and serve the application until the parent is gone."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Thread(target=_stop_with_parent, daemon=True).start()

    import uvicorn  # the port must be said before six seconds of imports
    from prefect.server.api.server import create_app

    import flows.serving.email_block  # noqa: F401  # the server sends the notifications, so it must know the block

    _wait_less_for_what_an_earlier_server_saw()
    with _sqlite_that_waits():
        server = uvicorn.Server(uvicorn.Config(create_app(), log_level="warning", access_log=False))
        server.run(sockets=[listener])


def _wait_less_for_what_an_earlier_server_saw() -> None:
    """Let automations act soon after a restart.

    Prefect holds an event back until it has seen the one that it follows, and a server remembers only what it saw
    itself: the end of a run that began under an earlier server (a crash, a crawl that is to be published) would be
    acted on a quarter of an hour late.
    """
    from prefect.server.events.ordering import memory

    memory.PRECEDING_EVENT_LOOKBACK = EARLIER_EVENT_WITHIN  # type: ignore[attr-defined]  # what it imports


def _sqlite_that_waits() -> AbstractContextManager[None]:
    """Have each writing transaction of the server on SQLite take the lock when it begins, and wait its turn.

    Prefect begins them as readers. One that then wants to write while another has written fails at once with "database
    is locked", which no timeout helps; the message it was to handle comes again, and what it had set off (a
    notification, a run) happens twice (docs/decisions/0017).
    """
    from prefect.server.database.configurations import AioSqliteConfiguration
    from prefect.server.database.dependencies import temporary_database_config
    from prefect.settings import PREFECT_API_DATABASE_CONNECTION_URL

    class WaitingSqlite(AioSqliteConfiguration):
        @asynccontextmanager
        async def begin_transaction(self, session: Any, with_for_update: bool = False) -> AsyncIterator[Any]:
            del with_for_update
            async with super().begin_transaction(session, with_for_update=True) as transaction:
                yield transaction

    url = PREFECT_API_DATABASE_CONNECTION_URL.value()
    return temporary_database_config(WaitingSqlite(url)) if url.startswith("sqlite") else nullcontext()


if __name__ == "__main__":
    main(int(sys.argv[1]))
