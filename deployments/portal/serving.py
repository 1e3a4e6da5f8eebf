"""The portal as a process, ``nianbao portal``: serve until interrupted."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from deployments.portal.demo import demo_network, families_network, files_network
from deployments.portal.faults import UnknownFaultError
from deployments.portal.folder import SiteFileError, folder_network
from deployments.portal.network import Network
from deployments.portal.proxy import Portal
from scrapers.errors import UsageError


class PortalUsageError(UsageError):
    """The portal cannot be served as asked; the message says what to type instead."""


def serve(
    port: int = 0,
    sites: Sequence[Path] = (),
    faults: Sequence[str] = (),
    *,
    families: bool = False,
    files: bool = False,
    heal_after: float | None = None,
    stop: threading.Event | None = None,
    out: TextIO | None = None,
) -> None:
    """Serve the demo network, and the stored sites beside it, until ``stop`` is set or the process is told to end.

    ``port`` 0 takes a free one. ``sites`` are ``site.json`` files or their folders; ``faults`` are ``NAME`` or
    ``NAME:host``; they are taken back ``heal_after`` seconds later, to see what a crawler makes of a site that is well
    again. With ``families`` the network of all CMS families stands beside the demo's, with ``files`` that of publishers
    whose reports are files. Prints the hosts and how to use
    the proxy to ``out`` (standard output). Raises :class:`PortalUsageError`.
    """
    if heal_after is not None and not faults:
        raise PortalUsageError("there is nothing to heal: name a --fault beside --heal-after")
    network: Network = demo_network() | families_network() if families else demo_network()
    if files:
        network |= files_network()
    done = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: done.set())
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
        well_at = None if heal_after is None else time.monotonic() + heal_after
        while not done.wait(1.0 if well_at is None else min(1.0, max(0.0, well_at - time.monotonic()))):
            if well_at is not None and time.monotonic() >= well_at:
                portal.heal()
                well_at = None
                print("All faults are taken back.", file=out or sys.stdout, flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        portal.stop()
