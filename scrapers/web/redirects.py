"""Where a response sends us, and whether we go. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urljoin, urlsplit, urlunsplit

from scrapers.addresses import host_of

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_HOME = re.compile(r"/(?:(?:index|default|home|main)\.[a-z]{2,6})?", re.IGNORECASE)
_NOT_FOUND = re.compile(r"/(?:[^/]*[_-])?(?:404|notfound|not_found)(?:[./_-][^/]*)?$", re.IGNORECASE)


def location(headers: Iterable[tuple[str, str]]) -> str | None:
    """The header Location as text: its bytes are UTF-8 or, on older sites, GBK."""
    for name, value in headers:
        if name.lower() == "location" and value.strip():
            raw = value.strip().encode("latin-1", "replace")
            try:
                return raw.decode("utf-8")
            except UnicodeDecodeError:
                return raw.decode("gb18030", "replace")
    return None


def resolve(base: str, target: str) -> str | None:
    """The absolute address, without fragment, that ``target`` means on ``base``; ``None`` where it is no web
    address."""
    try:
        parts = urlsplit(urljoin(base, target))
        # reading the port checks it
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.hostname.isprintable():
        return None
    return urlunsplit(parts._replace(fragment=""))


def within(url: str, hosts: Iterable[str]) -> bool:
    """Does ``url`` lie on one of ``hosts``? An entry with a port (``host:8080``) stands for that port only."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = host_of(url)
    port = port or {"http": 80, "https": 443}.get(parts.scheme)
    for entry in hosts:
        entry = entry.lower()
        if entry in (host, f"{host}:{port}", f"[{host}]"):
            return True
    return False


def leads_home(asked: str, target: str) -> bool:
    """A deep page that sends its reader to the home page of a site, or to its error page, is a soft 404."""
    path = urlsplit(asked).path
    goal = urlsplit(target)
    if _HOME.fullmatch(path or "/"):
        return False
    if _NOT_FOUND.search(goal.path):
        return True
    return _HOME.fullmatch(goal.path or "/") is not None and not goal.query
