"""One crawl of a set of sources at a time, whoever starts it, and what the last one covered.

A deployment's own limit of one run does not know that another deployment, or a person at a terminal, crawls the same
sources. Two such crawls do no harm, but ask every list twice. So each holds a locked file in the state folder, which
the kernel frees however its process ends, and which says afterwards when the last finished crawl had begun.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path


class SourceSetBusyError(Exception):
    """The same sources are being crawled by another run; the message says which, and what to do."""


def set_name(kind: str, *, sources: Sequence[str] = (), province: str | None = None) -> str:
    """The name of a set, by what was asked for: ``crawl all``, ``crawl province zhejiang``, ``watch 3 sources ...``."""
    if not sources:
        return f"{kind} province {province}" if province else f"{kind} all"
    ids = sorted(set(sources))
    if len(ids) == 1:
        return f"{kind} source {ids[0]}"
    return f"{kind} {len(ids)} sources {hashlib.sha256(' '.join(ids).encode()).hexdigest()[:12]}"


@contextmanager
def only_run_of(
    folder: Path, name: str, run: str, started_at: datetime, *, due: datetime | None = None
) -> Iterator[Callable[[], None]]:
    """Be the only run of the set inside the block; raises :class:`SourceSetBusyError` at once where there is another.

    So it does for a scheduled run that was ``due`` before the last finished one had begun: a worker that was away for
    days finds many such runs, and one is enough. ``run`` names this one to whoever is turned away. Yields what to call
    once everything of the set was done.
    """
    covered = covered_from(folder, name)
    if due is not None and covered is not None and covered > due:
        raise SourceSetBusyError(
            f"{name}: due at {due:%Y-%m-%d %H:%M} UTC, but a run that began at {covered:%Y-%m-%d %H:%M} UTC has done it"
        )
    path = _path(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _read(path)
            raise SourceSetBusyError(
                f"{name}: run {holder.get('run', '(unknown)')} does the same since {holder.get('since', '(unknown)')}; "
                "wait for it, or cancel it"
            ) from error
        before = _read(path)
        _write(handle, {**before, "run": run, "since": started_at.isoformat(timespec="seconds")})

        def done() -> None:
            _write(handle, {"covered_from": started_at.isoformat()})

        yield done
    finally:
        os.close(handle)


def covered_from(folder: Path, name: str) -> datetime | None:
    """When the last crawl of the set that was finished had begun: everything listed before is known."""
    said = _read(_path(folder, name)).get("covered_from")
    return None if said is None else datetime.fromisoformat(said)


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name.replace('/', '_').replace(' ', '_')}.lock"


def _read(path: Path) -> dict[str, str]:
    try:
        said = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):  # never run, or cut off by a power loss: the lock decides, not the words
        return {}
    return said if isinstance(said, dict) else {}


def _write(handle: int, said: dict[str, str]) -> None:
    text = json.dumps(said).encode()
    os.ftruncate(handle, 0)
    os.pwrite(handle, text, 0)
    os.fsync(handle)
