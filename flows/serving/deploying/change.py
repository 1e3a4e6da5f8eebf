"""Something on a Prefect server that is not as wanted, and in words how it differs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

AT_ONCE = 200
"""Objects asked for at once; Prefect's own most."""


@dataclass(frozen=True)
class Change:
    """Something on the server that is not as wanted."""

    action: Literal["create", "change", "remove"]
    thing: str
    """``deployment crawl/crawl-daily``, ``automation ...``"""
    detail: str
    apply: Callable[[], Awaitable[Any]]

    def __str__(self) -> str:
        return f"{self.action} {self.thing}" + (f": {self.detail}" if self.detail else "")


def said_difference(wanted: Mapping[str, Any], held: Mapping[str, Any]) -> str:
    """The names of what differs, short values with it."""
    parts = []
    for name, value in wanted.items():
        if value != held[name]:
            short = all(isinstance(side, str | int | float | None) for side in (value, held[name]))
            parts.append(f"{name} {held[name]!r} -> {value!r}" if short and name != "description" else name)
    return ", ".join(parts)
