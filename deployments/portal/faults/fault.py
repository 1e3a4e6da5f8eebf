"""What a fault is, what a crawl is expected to say of it, and a fault at work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from deployments.portal.exchange import Answer, Asked, Role
from scrapers.records import Outcome

Spoil = Callable[[Asked, Answer], Answer]
Tunnel = Callable[[bytes, int], bytes | None]
"""What the far end of a tunnel (CONNECT) sends back for what it was sent, with the number of the exchange from 0;
``None``: it hangs up."""

LISTS = frozenset({Role.LIST})
"""Answers with rows."""
COLUMNS = LISTS | {Role.COLUMN}
DETAILS = frozenset({Role.DETAIL, Role.STORED})
PAGES = COLUMNS | DETAILS | {Role.HOME}
ROBOTS = frozenset({Role.ROBOTS, Role.MISSING})
"""robots.txt, also of a host that has none; to be narrowed to its path."""


@dataclass(frozen=True, slots=True)
class Expected:
    """How a fetch ends that meets a fault, where three attempts are allowed and every limit is longer than the fault's
    times, unless the fault is that an answer never ends."""

    outcome: Outcome = Outcome.OK
    detail: str = ""
    """Stands in the detail of the capture."""
    attempts: int = 1
    archived: bool = True
    """Whether a response is in the archive: not where none came."""

    @property
    def held(self) -> bool:
        """Whether the document is in the warehouse afterwards: exactly where the page came through."""
        return self.outcome is Outcome.OK


@dataclass(frozen=True, slots=True)
class Fault:
    """A named way to fail. ``roles`` says which answers it touches."""

    name: str
    what: str
    """In a reader's words, for ``--faults``."""
    spoil: Spoil
    roles: frozenset[Role]
    times: int | None = None
    """How often a request is answered so before its answer is sound; ``None``: always."""
    touches: Callable[[Asked, Answer], bool] = lambda *_: True
    """Which answers of those roles it touches."""
    publishes: bool = False
    """Whether the site publishes a row as soon as such an answer has been given; it is done once."""
    after: int = 0
    """Answers of the host, of whatever role, before the fault begins."""
    tunnel: Tunnel | None = None
    """What answers behind a tunnel to the host; ``None``: there is none."""
    on_page: Expected | None = None
    """Of a document's page; ``None`` where the fault does not touch one."""
    on_list: Expected | None = None
    """Of the first page of a list."""
    listing: Outcome | None = None
    """Outcome of the whole listing; ``None``: that of ``on_list``, or sound."""


class UnknownFaultError(LookupError):
    """No fault has that name; the message says which have."""


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault at work, on one host or all, one path or all, on all answers that it touches or those of some roles."""

    fault: Fault
    host: str | None = None
    path: str | None = None
    roles: frozenset[Role] | None = None
    _asked: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    """By address and form: programs are asked for every page of a list at one address."""
    _of_host: Counter[str] = field(default_factory=Counter)
    _grown: set[str] = field(default_factory=set)

    def apply(self, asked: Asked, answer: Answer) -> Answer:
        self._of_host[asked.host] += 1
        if not self._concerns(asked, answer) or self._of_host[asked.host] <= self.fault.after:
            return answer
        request = asked.url, asked.body
        self._asked[request] += 1
        if self.fault.times is not None and self._asked[request] > self.fault.times:
            return answer
        return self.fault.spoil(asked, answer)

    def lets_publish(self, asked: Asked, answer: Answer) -> bool:
        """Whether the site of ``asked`` publishes a row now that ``answer`` is on its way."""
        if not self.fault.publishes or asked.host in self._grown or not self._concerns(asked, answer):
            return False
        self._grown.add(asked.host)
        return True

    def tunnel_to(self, host: str) -> Tunnel | None:
        """What answers behind a tunnel to ``host``."""
        return self.fault.tunnel if self.host in (None, host) else None

    def _concerns(self, asked: Asked, answer: Answer) -> bool:
        is_meant = self.host in (None, asked.host) and self.path in (None, asked.path)
        roles = self.fault.roles if self.roles is None else self.fault.roles & self.roles
        return is_meant and answer.role in roles and self.fault.touches(asked, answer)
