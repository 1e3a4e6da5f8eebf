"""A budget of requests: each asked once, none beyond the bound, none after a site has refused to be crawled."""

from __future__ import annotations

from dataclasses import dataclass, field

from scrapers.platforms.protocol import Fetch
from scrapers.platforms.trouble import FATAL
from scrapers.records import Outcome, Request

_REFUSALS = FATAL - {Outcome.ROBOTS_DENIED, Outcome.FORBIDDEN_ADDRESS}
"""Outcomes after which nothing more is asked of the site; an address that is forbidden says nothing of the others."""


@dataclass(slots=True)
class Asking:
    """``fetch`` with its answers kept and its requests counted; beyond ``most`` the answer is a ``listing_gap``."""

    fetch: Fetch
    most: int
    count: int = 0
    refused: int = 0
    """Requests that were not sent because the budget was used up."""
    stopped: tuple[Outcome, str | None] | None = None
    """The refusal after which nothing more is asked."""
    answers: dict[object, tuple[Outcome, str | None, str]] = field(default_factory=dict)

    def __call__(self, request: Request) -> tuple[Outcome, str | None, str]:
        key = (request.method, request.url, request.form)
        if key not in self.answers:
            if self.stopped is not None:
                self.refused += 1
                return *self.stopped, ""
            if self.count >= self.most:
                self.refused += 1
                return Outcome.LISTING_GAP, f"the budget of {self.most} requests is used up", ""
            self.count += 1
            self.answers[key] = self.fetch(request)
            outcome, detail, _ = self.answers[key]
            if outcome in _REFUSALS:
                self.stopped = (outcome, detail)
        return self.answers[key]
