"""The client that the settings ask for, with the pace that all runs keep together."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from flows.crawling.shared_pace import LeasedPace
from flows.settings import Settings, SettingsError
from scrapers.records import Source
from scrapers.web.archive import Archive
from scrapers.web.circuit import CircuitLimits
from scrapers.web.client import Client, ClientSettings
from scrapers.web.left_behind import LeftBehind
from scrapers.web.pace import HostPace, Pace
from scrapers.web.quiet_hours import QuietHours


class RunPace(Pace, Protocol):
    """The pace as a run needs it: it may keep a host to itself for the time it crawls it."""

    def crawling(self, hosts: Iterable[str]) -> AbstractContextManager[None]: ...


class _FolderPace(HostPace):
    """The folder knows whose turn it is at each request: nobody keeps a host."""

    @contextmanager
    def crawling(self, hosts: Iterable[str]) -> Iterator[None]:
        del hosts
        yield


def run_pace(settings: Settings) -> RunPace:
    """The pace by the setting ``pace_store``. Raises :class:`SettingsError` where no server is there to keep it."""
    limits = CircuitLimits(settings.circuit_failures, settings.circuit_cooldown)
    folder = settings.state_dir / "pace"
    if settings.pace_store == "folder":
        return _FolderPace(folder, limits=limits)
    own_server = os.environ.get("PREFECT_HOME") == str(settings.prefect_home.resolve())
    if not os.environ.get("PREFECT_API_URL") or own_server:
        raise SettingsError(
            "setting pace_store = prefect: the machines keep the pace by one Prefect server; set PREFECT_API_URL to it "
            "(a command's own server is no other machine's), or pace_store = folder"
        )
    return LeasedPace(HostPace(folder, limits=limits))


def web_client(
    settings: Settings,
    archive: Archive | None = None,
    *,
    sources: Sequence[Source] = (),
    pace: RunPace | None = None,
    left_behind: LeftBehind | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Client:
    """The client these settings ask for; without an archive for a look that leaves nothing behind.

    ``sources`` bring the quiet hours of their hosts, ``left_behind`` what need not be asked again. Raises
    :class:`SettingsError` as :func:`run_pace`.
    """
    quiet = settings.quiet_hours
    return Client(
        ClientSettings(
            user_agent=settings.user_agent,
            proxy=settings.proxy,
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            total_timeout=settings.total_timeout,
            max_bytes=settings.max_bytes,
            max_attempts=settings.max_attempts,
            pace_seconds=settings.pace_seconds,
            max_requests_per_host=settings.max_requests_per_host,
            max_requests=settings.max_requests,
            quiet_hours=None if quiet is None else QuietHours.parse(quiet),
            quiet_hours_wait=settings.quiet_hours_wait,
            allow_private_addresses=settings.allow_private_addresses,
            obey_robots=settings.obey_robots,
            robots_folder=settings.state_dir / "robots",
        ),
        archive,
        pace or run_pace(settings),
        left_behind=left_behind,
        quiet_hours=_quiet_hours(sources),
        sleep=sleep,
    )


def _quiet_hours(sources: Iterable[Source]) -> dict[str, tuple[QuietHours, ...]]:
    """Of each host, whatever its port: where sources of one host differ, all their hours are quiet."""
    hours: defaultdict[str, set[str]] = defaultdict(set)
    for source in sources:
        for host in source.hosts if source.quiet_hours is not None else ():
            hours[host.partition(":")[0]].add(str(source.quiet_hours))
    return {host: tuple(QuietHours.parse(text) for text in sorted(texts)) for host, texts in hours.items()}
