"""What can go wrong with a page of a list, and in which words that is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from scrapers.records import Outcome, Request

FATAL = frozenset(
    {
        Outcome.CHALLENGE,
        Outcome.BLOCKED,
        Outcome.ROBOTS_DENIED,
        Outcome.FORBIDDEN_ADDRESS,
        Outcome.TLS,
        Outcome.DNS,
        Outcome.NOT_ASKED,
    }
)
"""Outcomes after which nothing more is asked of the site."""
PASSING = frozenset(
    {Outcome.TIMEOUT, Outcome.CONNECTION, Outcome.SERVER_ERROR, Outcome.TRUNCATED, Outcome.WRONG_CONTENT}
)
"""Outcomes that may be gone when the rest of the list has been read."""
_NAMED = 8


class Kind(Enum):
    FAILED = auto()
    """No usable answer."""
    EMPTY = auto()
    """A page of the list without a row."""
    REPEATED = auto()
    """A page of the list without a row that is not listed already."""


@dataclass(frozen=True, slots=True)
class Trouble:
    request: Request
    number: int
    """Of the page; 0 for a frame."""
    kind: Kind
    outcome: Outcome
    detail: str | None = None

    def sentence(self, pages: int) -> str:
        what = {
            Kind.FAILED: f": {self.detail or self.outcome.value}",
            Kind.EMPTY: " listed nothing" + (f" ({self.detail})" if self.detail else ""),
            Kind.REPEATED: " listed only rows already listed",
        }[self.kind]
        return (f"page {self.number} of {pages}" if self.number else self.request.url) + what


def sentences(troubles: Sequence[Trouble], pages: int) -> list[str]:
    """The first of ``troubles`` in a list of ``pages``, a sentence each, and how many more there are."""
    named = [trouble.sentence(pages) for trouble in troubles[:_NAMED]]
    return named + ([f"{len(troubles) - _NAMED} further pages in trouble"] if len(troubles) > _NAMED else [])
