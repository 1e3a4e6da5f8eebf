"""A network of sites, one a host name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from deployments.portal.exchange import Answer, Asked


class Site(Protocol):
    """One host. ``answer`` is called from one thread at a time and must not wait."""

    @property
    def host(self) -> str: ...

    def answer(self, asked: Asked) -> Answer: ...

    def addresses(self) -> tuple[str, ...]:
        """Every page's absolute address, the home page first: what a complete crawl can reach."""
        ...


@runtime_checkable
class GrowingSite(Site, Protocol):
    """A site on which something can be published while it is read."""

    def publish(self) -> object: ...


class Network:
    """Sites by host. ``latency`` is the time in seconds by which every answer comes later."""

    def __init__(self, sites: Iterable[Site], *, latency: float = 0.0) -> None:
        self._sites: dict[str, Site] = {}
        self.latency = latency
        for site in sites:
            if site.host in self._sites:
                raise ValueError(f"two sites answer for {site.host}; a host has one")
            self._sites[site.host] = site

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self._sites)

    def __contains__(self, host: str) -> bool:
        return host in self._sites

    @property
    def sites(self) -> tuple[Site, ...]:
        return tuple(self._sites.values())

    def __or__(self, other: Network) -> Network:
        """Both networks as one. Raises ``ValueError`` where they share a host or differ in latency."""
        if self.latency != other.latency:
            raise ValueError(f"networks of different latency cannot be one: {self.latency} and {other.latency} s")
        return Network((*self.sites, *other.sites), latency=self.latency)

    def addresses(self) -> tuple[str, ...]:
        """Every page's absolute address, host by host."""
        return tuple(address for site in self.sites for address in site.addresses())

    def publish(self, host: str) -> None:
        """Let a host publish one more row in every column, if it can: stored responses cannot."""
        site = self._sites[host]
        if isinstance(site, GrowingSite):
            site.publish()

    def answer(self, asked: Asked) -> Answer:
        """Raises ``KeyError`` for a host that is not in the network."""
        answer = self._sites[asked.host].answer(asked)
        return answer.delayed(self.latency) if self.latency else answer
