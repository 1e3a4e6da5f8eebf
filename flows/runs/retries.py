"""Which failures of a run are worth trying again by itself.

A flow of Prefect has a number of retries and no condition (tasks have one). So a run that fails by what a person must
mend, or has taken too long, gives its retries back before Prefect looks at them, and its failure is told at once. All
else is tried again: a warehouse that another process holds, a store or a server that does not answer, a worker that
went down. What an earlier attempt has done is not done again: it stands in the warehouse and the state folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.exceptions import Pause

from scrapers.errors import UsageError
from scrapers.reading.attachments.recognition import EngineMissingError
from warehouse.errors import ChecksFailedError, LostWarehouseError, NewerWarehouseError, NoReaderError

FOR_A_PERSON: Final[tuple[type[Exception], ...]] = (
    UsageError,
    ImportError,  # Dask, or the engine of recognition, is not installed
    EngineMissingError,
    LostWarehouseError,
    NewerWarehouseError,
    NoReaderError,
    ChecksFailedError,
)
"""Errors that are the same a few minutes later; each says what to do."""


@contextmanager
def tried_again_unless(*more: type[Exception]) -> Iterator[None]:
    """Around all that a flow does: no second attempt after :data:`FOR_A_PERSON` and ``more``, nor where it took longer
    than the flow's ``timeout_seconds``, after which another would have the same time again."""
    try:
        yield
    except Exception as error:
        if isinstance(error, (*FOR_A_PERSON, *more)):
            try_once()
        raise
    except Pause:  # suspended on the server: resumed, it has them still
        raise
    except BaseException:  # how Prefect interrupts what takes too long
        try_once()
        raise


def try_once() -> None:
    """Give the retries of this flow run back, if it has any."""
    context = FlowRunContext.get()
    run = None if context is None else context.flow_run
    if run is None or not run.empirical_policy.retries:
        return
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(run.id, empirical_policy=run.empirical_policy.model_copy(update={"retries": 0}))
    except Exception as error:  # noqa: BLE001  # what failed before is what should be told; an attempt costs time alone
        get_run_logger().warning("the Prefect server does not answer (%r); the run may be tried again", error)
