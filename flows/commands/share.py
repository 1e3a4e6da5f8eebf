"""``nianbao share``: SQL on the reader copy for a team, over HTTP."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path

import typer
import uvicorn

from flows.settings import Settings
from flows.sharing.app import sharing_app
from flows.sharing.loopback import is_loopback
from flows.sharing.tokens import Tokens
from flows.sharing.workers import Workers
from flows.terminal import say, talk
from warehouse.answers.bounded import Bounds


def share_command(
    settings: Settings, *, host: str, port: int, token_file: Path | None, bounds: Bounds, queries: int
) -> int:
    """Serve until Ctrl-C or SIGTERM. Anything but loopback is bound only with a file of tokens."""
    if token_file is None and not is_loopback(host):
        raise typer.BadParameter(
            f"{host} can be reached from other machines, so whoever asks must have a token: --tokens FILE, with a line "
            "NAME TOKEN for each person (openssl rand -hex 32 makes a token)"
        )
    tokens = Tokens(token_file) if token_file is not None else None
    workers = Workers(
        settings.reader_path.resolve(), bounds, count=queries, waiting=4 * queries, trouble=partial(say, "trouble")
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=128)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    talk.print(
        f"Sharing {settings.reader_path} at {address} "
        + ("with the tokens of " + str(token_file) if token_file else "without tokens, on this machine only")
        + f". A query gets {bounds.seconds:g} s, {bounds.rows:,} rows, {bounds.answer_bytes // 1024**2:,} MiB of "
        f"answer, {bounds.memory_bytes // 1024**2:,} MiB of memory; {queries} run at a time. Ctrl-C ends it."
    )
    config = uvicorn.Config(
        sharing_app(workers, tokens),
        log_level="warning",
        access_log=False,  # it would hold whole queries; ours has their beginnings, and who asked
        server_header=False,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=128 * 1024,  # a query in an address
    )
    uvicorn.Server(config).run(sockets=[listener])
    return 0
