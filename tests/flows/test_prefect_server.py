"""The Prefect server that a command takes: one that somebody named, that of ``nianbao serve``, or one of its own."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from flows.serving import prefect_server as module
from flows.serving.prefect_server import (
    ServerError,
    begin_anew_where_large,
    open_log,
    prefect_server,
    server_child,
    wait_until_ready,
)


def test_a_server_that_is_not_there_is_named_with_what_happened_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(ServerError) as caught, prefect_server(tmp_path):
        pass
    assert str(caught.value) == (
        f"the Prefect server at {url} cannot be reached (ConnectionRefusedError: [Errno 111] Connection refused). "
        "Start it, or unset PREFECT_API_URL: nianbao then starts one of its own for this command."
    )


def test_a_log_that_grows_large_is_begun_anew_while_its_process_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_LOG", 10)
    path = tmp_path / "worker.log"
    with open_log(path) as log:
        for line in (b"the first of many lines\n", b"the second\n"):
            begin_anew_where_large(path)
            log.write(line)
            log.flush()
    assert path.read_bytes() == b"the second\n"
    assert (tmp_path / "worker.log.1").read_bytes() == b"the first of many lines\n"


@pytest.mark.slow
def test_nobody_but_its_owner_reads_the_database_with_the_secrets_and_their_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    of_an_older_release = tmp_path / "prefect.db"
    of_an_older_release.touch(0o644)
    with server_child(tmp_path) as (process, url):
        wait_until_ready(process, url, tmp_path)
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("prefect.db*")}
    assert modes == dict.fromkeys(("prefect.db", "prefect.db-shm", "prefect.db-wal"), 0o600)
