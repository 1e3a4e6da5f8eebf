"""The portal as a command: serve until interrupted."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TextIO

import typer

from deployments.portal.demo import demo_network, families_network
from deployments.portal.faults import FAULTS, UnknownFaultError
from deployments.portal.folder import SiteFileError, folder_network
from deployments.portal.network import Network
from deployments.portal.proxy import Portal


class PortalUsageError(Exception):
    """The portal cannot be served as asked; the message says what to type instead."""


def serve(
    port: int = 0,
    sites: Sequence[Path] = (),
    faults: Sequence[str] = (),
    *,
    families: bool = False,
    stop: threading.Event | None = None,
    out: TextIO | None = None,
) -> None:
    """Serve the demo network, and the stored sites beside it, until ``stop`` is set or the process is interrupted.

    ``port`` 0 takes a free one. ``sites`` are ``site.json`` files or their folders; ``faults`` are ``NAME`` or
    ``NAME:host``. With ``families`` the network of all CMS families stands beside the demo's. Prints the hosts and how
    to use the proxy to ``out`` (standard output). Raises :class:`PortalUsageError`.
    """
    network: Network = demo_network() | families_network() if families else demo_network()
    done = stop or threading.Event()
    try:
        for path in sites:
            network |= folder_network(path)
        portal = Portal(network, port)
        for one in faults:
            name, _, host = one.partition(":")
            portal.inject(name, host=host or None)
        portal.start()
    except (SiteFileError, UnknownFaultError, ValueError) as error:
        raise PortalUsageError(str(error)) from error
    except LookupError as error:
        raise PortalUsageError(str(error.args[0])) from error
    except OSError as error:
        raise PortalUsageError(f"port {port} cannot be taken ({error.strerror}); give another --port") from error
    try:
        print(portal.directions(), file=out or sys.stdout, flush=True)
        while not done.wait(1.0):
            pass
    except KeyboardInterrupt:
        pass
    finally:
        portal.stop()


def _command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8899,
    site: Annotated[list[Path] | None, typer.Option(help="A site.json, or its folder, to serve as well.")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="NAME or NAME:host. " + "; ".join(f"{one.name}: {one.what}" for one in FAULTS.values())),
    ] = None,
    families: Annotated[bool, typer.Option(help="Serve a publisher of every CMS family as well.")] = False,
) -> None:
    """Serve a loopback network of disclosure sites as an HTTP proxy."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        serve(port, site or (), fault or (), families=families, stop=stop)
    except PortalUsageError as error:
        typer.echo(f"portal: {error}", err=True)
        raise typer.Exit(2) from error


def main() -> None:
    """Entry of ``python -m deployments.portal``."""
    typer.run(_command)
