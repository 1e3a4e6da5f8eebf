"""Which network addresses a crawler may talk to: public ones, so that no page can steer it into the network it runs
in."""

from __future__ import annotations

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out to the public internet; outside of it lie site-local addresses (fec0::/10), which Python
calls global, and prefixes of translators (64:ff9b:1::/48, ::/96) that lead to IPv4 hosts nobody can check."""
_NOT_PUBLIC_EITHER = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata service is 192.0.0.192
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's platform service, a metadata service in public space
)
_LOCAL_NAMES = ("localhost", "localhost.localdomain")


class ForbiddenAddressError(Exception):
    """A name resolves to, or an address is, one that is not public."""


def is_public(address: str) -> bool:
    """False for private, loopback, link-local, shared (RFC 6598), multicast, reserved and cloud metadata addresses.

    By the IANA special-purpose registries; addresses that carry an IPv4 address (mapped, 6to4, NAT64) are judged by
    that one. Teredo (2001::/32) is refused whatever it carries. Raises ``ValueError`` for what is no IP address.
    """
    ip = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(ip, IPv6Address):
        embedded = _embedded(ip)
        if embedded is not None:
            return _plain_public(embedded)
    return _plain_public(ip)


def literal_address(host: str) -> str | None:
    """The IP address that a host *is*, in any of the spellings a resolver takes (``127.1``, ``0x7f000001``,
    ``[::1]``), else ``None``.

    ``localhost`` counts as an address too: it is one wherever it is resolved.
    """
    host = host.strip("[]").rstrip(".").lower()
    if host in _LOCAL_NAMES or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host.split("%", 1)[0]))
    except ValueError:
        pass  # not the plain spelling
    if not host or not all(part[:1].isdigit() for part in host.split(".")):
        return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):  # ValueError: a NUL in it
        return None


def _plain_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv6Address):
        return ip.is_global and ip in _GLOBAL_UNICAST
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC_EITHER)


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
