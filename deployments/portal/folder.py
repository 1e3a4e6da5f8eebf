"""Saved responses served by host: a folder described by a ``site.json``.

``site.json`` is a list of objects with ``url``, ``file`` (relative to the folder), ``status`` and ``content_type``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deployments.portal.changes import entity_tag
from deployments.portal.exchange import Answer, Asked, Role, plain_answer
from deployments.portal.network import Network

_FIELDS = {"url": str, "file": str, "status": int, "content_type": str}


class SiteFileError(Exception):
    """A ``site.json`` cannot be served; the message names the file, the entry and what to do."""


class FolderSite:
    """Stored responses of one host. An address with a query that is not stored as such is answered by its path."""

    def __init__(self, host: str, stored: Mapping[str, Answer]) -> None:
        self._host = host
        self._stored = dict(stored)
        self._by_path: dict[str, Answer] = {}
        for url, answer in stored.items():
            self._by_path.setdefault(urlsplit(url).path or "/", answer)

    @property
    def host(self) -> str:
        return self._host

    def addresses(self) -> tuple[str, ...]:
        return tuple(self._stored)

    def answer(self, asked: Asked) -> Answer:
        found = self._stored.get(asked.url) or self._by_path.get(asked.path)
        return found or plain_answer(404, f"{asked.url} is not among the stored responses\n", Role.MISSING)


def folder_network(path: Path) -> Network:
    """The network stored in ``path``: a ``site.json`` or the folder that holds one. Raises :class:`SiteFileError`."""
    index = path / "site.json" if path.is_dir() else path
    try:
        entries = json.loads(index.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SiteFileError(f"{index}: there is no such file; name a site.json or the folder that holds one") from error
    except ValueError as error:
        raise SiteFileError(f"{index}: is not JSON ({error})") from error
    if not isinstance(entries, list):
        raise SiteFileError(f"{index}: must be a list of stored responses")
    hosts: dict[str, dict[str, Answer]] = {}
    for number, entry in enumerate(entries):
        url, answer = _stored(index, number, entry)
        pages = hosts.setdefault(urlsplit(url).netloc.lower(), {})
        if url in pages:
            raise SiteFileError(f"{index}: entry {number}: {url} is there twice")
        pages[url] = answer
    return Network(FolderSite(host, pages) for host, pages in hosts.items())


def _stored(index: Path, number: int, entry: Any) -> tuple[str, Answer]:
    where = f"{index}: entry {number}"
    if not isinstance(entry, dict):
        raise SiteFileError(f"{where}: must be an object with {', '.join(_FIELDS)}")
    for name, kind in _FIELDS.items():
        if not isinstance(entry.get(name), kind):
            raise SiteFileError(f"{where}: needs {name} as a {kind.__name__}")
    if not urlsplit(entry["url"]).netloc:
        raise SiteFileError(f"{where}: {entry['url']} is no absolute address")
    file = (index.parent / entry["file"]).resolve()
    if not file.is_relative_to(index.parent.resolve()):
        raise SiteFileError(f"{where}: {entry['file']} lies outside the folder")
    try:
        body = file.read_bytes()
    except OSError as error:
        raise SiteFileError(f"{where}: cannot read {file}: {error.strerror}") from error
    headers = (("Content-Type", entry["content_type"]), ("ETag", entity_tag(body)))
    return entry["url"], Answer(entry["status"], body, headers, Role.STORED)
