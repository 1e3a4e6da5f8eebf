"""How a run ended, in the ledger's words."""

from __future__ import annotations

from typing import Literal

from warehouse.errors import is_ctrl_c


def ending(failure: BaseException | None, *stopped: type[BaseException]) -> Literal["completed", "cancelled", "failed"]:
    """The state of a run that was left by ``failure``; ``stopped`` are errors by which it is stopped from elsewhere.

    A run that a worker ends, since somebody cancelled it or the machine goes down, gets SIGTERM, which Prefect raises
    as an exception of its own; one that is suspended there is resumed as another.
    """
    if failure is None:
        return "completed"
    if is_ctrl_c(failure) or isinstance(failure, stopped):
        return "cancelled"
    if isinstance(failure, Exception):
        return "failed"
    from prefect.exceptions import Pause, TerminationSignal  # two seconds, unless it is what was raised

    return "cancelled" if isinstance(failure, Pause | TerminationSignal) else "failed"
