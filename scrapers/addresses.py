"""Addresses as the project compares them: absolute, without fragment, the plain page and not its Traditional gate."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_SESSION = re.compile(r";jsessionid=[^/?#;]*", re.IGNORECASE)
# The official Traditional gate shows any page of a site under /gate/big5/<host>/<path>: never a page of its own.
_GATE = re.compile(r"/gate/(?:big5|gb)/(?P<host>[a-z0-9.-]+\.[a-z]{2,}(?::\d+)?)(?P<path>/.*)?$", re.IGNORECASE)
_DEFAULT_PORT = {"http": 80, "https": 443}
_SAFE = "/%:=&?~+!$,;'@()*[]|"


def canonical(href: str, base: str) -> str | None:
    """The address a link leads to, in the one spelling used as identity; ``None`` where it leads to no page.

    Resolved against ``base`` (the page's address, or its ``<base href>``, see ``document_base``); fragment and
    session id dropped, query kept, host in lower case, default port dropped, letters outside ASCII percent-encoded
    as UTF-8, ``/gate/big5/<host>/`` undone. Script, mail and empty links, bare fragments and addresses that no
    client could ask for give ``None``.
    """
    href = re.sub(r"[\t\r\n]", "", href).strip()
    if not href or href.startswith("#"):
        return None
    scheme = _SCHEME.match(href)
    if scheme and scheme.group().lower() not in ("http:", "https:"):
        return None
    head, mark, query = href.partition("?")
    try:
        parts = urlsplit(urljoin(base, head.replace("\\", "/") + mark + query))
        port = parts.port
    except ValueError:  # a broken IPv6 host or port: no address at all
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    host = parts.hostname if ":" not in parts.hostname else f"[{parts.hostname}]"
    if port and port != _DEFAULT_PORT[parts.scheme]:
        host = f"{host}:{port}"
    path = _SESSION.sub("", parts.path) or "/"
    gate = _GATE.match(path)
    if gate:
        host, path = gate["host"].lower(), gate["path"] or "/"
    return urlunsplit(SplitResult(parts.scheme, host, _encoded(path), _encoded(parts.query), ""))


def host_of(url: str) -> str:
    """Host of an address in lower case, without its port and the dot of a fully qualified name; ``""`` where there is
    none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def document_base(url: str, base_href: str | None = None) -> str:
    """What the relative links of the page at ``url`` are resolved against."""
    return canonical(base_href, url) or url if base_href else url


def as_directory(url: str) -> str:
    """The address of a column with the slash its server adds.

    Servers of static lists redirect ``/zwgk/fzzfjs`` to ``/zwgk/fzzfjs/`` before they answer, and the relative links
    of the answer count from there. An address with a file name or a query is returned as it is.
    """
    parts = urlsplit(url)
    last = parts.path.rsplit("/", 1)[-1]
    if not last or "." in last or parts.query:
        return url
    return urlunsplit(parts._replace(path=parts.path + "/"))


def _encoded(text: str) -> str:
    return quote(text, safe=_SAFE, errors="replace")
