"""Ways in which sites fail, by name, each with what a crawl is expected to say of it.

Sources: the project's list of signatures and failures seen on disclosure sites (the handbook's network.md). A fault is
given the request with its sound answer and gives the answer that is sent in its place.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from deployments.portal.faults.answers import fixed_answers
from deployments.portal.faults.content import CONTENT_FAULTS
from deployments.portal.faults.fault import Expected, Fault, Injected, Tunnel, UnknownFaultError
from deployments.portal.faults.lists import EMPTY_DATASTORE, LIST_FAULTS
from deployments.portal.faults.redirects import REDIRECT_FAULTS
from deployments.portal.faults.robots_files import ROBOTS_FAULTS
from deployments.portal.faults.transport import TRANSPORT_FAULTS
from deployments.portal.faults.unreachable import UNREACHABLE_FAULTS

__all__ = [
    "EMPTY_DATASTORE",
    "FAULTS",
    "Expected",
    "Fault",
    "Injected",
    "Tunnel",
    "UnknownFaultError",
    "fault",
    "listing",
]

FAULTS: Mapping[str, Fault] = {
    one.name: one
    for one in (
        *fixed_answers(),
        *TRANSPORT_FAULTS,
        *CONTENT_FAULTS,
        *REDIRECT_FAULTS,
        *UNREACHABLE_FAULTS,
        *ROBOTS_FAULTS,
        *LIST_FAULTS,
    )
}


def fault(name: str) -> Fault:
    """The fault of that name. Raises :class:`UnknownFaultError`."""
    if name not in FAULTS:
        near = difflib.get_close_matches(name, FAULTS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownFaultError(f"no fault is called {name!r}{hint or '.'} Known: {', '.join(sorted(FAULTS))}")
    return FAULTS[name]


def listing() -> str:
    """Every fault with what it does and what a crawl says of it, for a person; three attempts are allowed."""
    rows = []
    for one in FAULTS.values():
        rows.append(f"{one.name}\n    {one.what}")
        if one.on_page is not None:
            rows.append(f"    page: {_said(one.on_page)}")
        if one.on_list is not None:
            whole = f"; the column: {one.listing}" if one.listing is not None else ""
            rows.append(f"    list: {_said(one.on_list)}{whole}")
    return "\n".join(rows) + "\n"


def _said(expected: Expected) -> str:
    detail = f" ({expected.detail.strip()})" if expected.detail else ""
    tries = f"{expected.attempts} attempt{'s' * (expected.attempts != 1)}"
    return f"{expected.outcome}{detail}, {tries}{'' if expected.archived else ', no response to archive'}"
