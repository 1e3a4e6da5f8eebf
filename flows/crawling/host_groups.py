"""Sources by host: what is collected one after the other, beside other hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scrapers.records import Source


@dataclass(frozen=True, slots=True)
class HostGroup:
    """Sources that share a host: crawled one after the other, beside the groups of other hosts."""

    host: str
    sources: tuple[Source, ...]


def host_groups(sources: Sequence[Source]) -> tuple[HostGroup, ...]:
    """Sources by their own host, in registry order; sources without a column are left to the coverage ledger."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        if source.columns:
            groups.setdefault(source.hosts[0], []).append(source)
    return tuple(HostGroup(host, tuple(members)) for host, members in groups.items())
