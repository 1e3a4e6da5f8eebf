"""The reprocess as a Prefect flow: a task run some pieces of the archive, on this machine's processes or on Dask.

A task run costs the server about 30 ms and Dask about 100 ms, so pieces (up to 100 pages of one WARC file) are put
together: at most :data:`MOST_TASKS` task runs, whatever the archive holds. What is done stands in the state folder, not
in Prefect's results.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import as_completed
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.rereading.parameters import ReprocessParameters
from flows.rereading.pieces import Job, Piece, PieceResult, reread_piece
from flows.rereading.report import summary_markdown
from flows.rereading.reprocess_run import Rereading, RereadSummary, process_pool
from flows.runs.retries import tried_again_unless, try_once
from flows.settings import read_settings
from scrapers.sources.registry import load_sources

MOST_TASKS = 100
LONGEST = 7 * 24 * 3600
"""Seconds after which an attempt is ended: longer than the largest archive takes, so that one that hangs does not keep
for ever the next ones waiting. Pieces that are done stay so."""


def _run_name() -> str:
    return f"reprocess {ReprocessParameters.model_validate(flow_run.parameters.get('parameters') or {}).words}"


@flow(
    name="reprocess",
    description="Read the archive anew by today's code, and load what is read otherwise; or only compare.",
    flow_run_name=_run_name,
    retries=2,
    retry_delay_seconds=300,
    timeout_seconds=LONGEST,
    persist_result=False,
)
def reprocess(parameters: ReprocessParameters) -> RereadSummary:
    """The flow that deployments and ``nianbao reprocess`` run. Raises what the first failing task raised.

    A further attempt goes on with the same run of the archive; a comparison has one attempt, since it keeps nothing.
    """
    if parameters.compare:
        try_once()
    with tried_again_unless():
        return _reprocess(parameters)


def _reprocess(parameters: ReprocessParameters) -> RereadSummary:
    settings = read_settings()
    logger = get_run_logger()
    registry = load_sources(settings.sources_dir)
    run = Rereading(settings, registry, parameters.scope(registry), parameters.compare, parameters.sample, logger.info)
    with run:
        groups = _groups(run.pieces, MOST_TASKS)
        logger.info(
            "run=%s pieces=%d done_before=%d tasks=%d compare=%s",
            run.run_id, len(run.pieces), run.done_before, len(groups), parameters.compare,
        )  # fmt: skip
        made = create_progress_artifact(0.0, key="reprocess-progress", description=f"0 of {len(run.pieces)} pieces")
        assert isinstance(made, UUID), "called from a thread without an event loop, it answers at once"
        done = 0
        with _runner(parameters) as (runner, read):
            futures = [
                runner.submit(read, {"label": _label(group, len(run.pieces)), "job": run.job, "pieces": group})
                for group in groups
            ]
            for future in as_completed(futures):
                for result in future.result():
                    run.take(result)
                    done += 1
                update_progress_artifact(
                    made,
                    progress=100.0 * done / len(run.pieces),
                    description=f"{done} of {len(run.pieces)} pieces",
                )
        if not run.pieces:
            update_progress_artifact(made, progress=100.0, description="nothing was left to read")
    summary = run.summary()
    for problem in summary.problems[:20]:
        logger.warning(problem)
    create_markdown_artifact(
        summary_markdown(settings, summary, parameters.sample),
        key="reprocess-summary",
        description="What is read otherwise today",
    )
    return summary


def read_pieces(label: str, job: Job, pieces: Sequence[Piece]) -> list[PieceResult]:
    """The body of a task run on a Dask worker. ``label`` names the run."""
    del label
    return [reread_piece(job, piece) for piece in pieces]


@contextmanager
def _runner(parameters: ReprocessParameters) -> Iterator[tuple[TaskRunner[Any], Any]]:
    """Where the tasks run, and the task."""
    options: dict[str, Any] = {
        "name": "read pieces", "task_run_name": "{label}", "cache_policy": NO_CACHE, "persist_result": False,
    }  # fmt: skip
    if parameters.dask is not None:
        with _dask_runner(parameters) as runner:
            yield runner, task(**options)(read_pieces)
        return
    with process_pool(parameters.processes) as pool, ThreadPoolTaskRunner[Any](parameters.processes) as threads:
        over = threading.Event()
        try:
            yield threads, task(**options)(_in_pool(pool, over))
        except BaseException:
            over.set()  # a task failed, or the run took too long: the others end at the piece in hand
            raise


def _dask_runner(parameters: ReprocessParameters) -> TaskRunner[Any]:
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as error:
        raise ModuleNotFoundError("Dask is not installed: pip install 'nianbao[dask]'") from error
    if parameters.dask != "local":
        return DaskTaskRunner(address=parameters.dask)
    return DaskTaskRunner(
        cluster_kwargs={"n_workers": parameters.processes, "threads_per_worker": 1, "dashboard_address": None}
    )


def _in_pool(pool: Executor, over: threading.Event) -> Callable[[str, Job, Sequence[Piece]], list[PieceResult]]:
    def read(label: str, job: Job, pieces: Sequence[Piece]) -> list[PieceResult]:
        del label
        return [pool.submit(reread_piece, job, piece).result() for piece in pieces if not over.is_set()]

    return read


def _groups(pieces: Sequence[Piece], most: int) -> list[list[Piece]]:
    size = max(1, -(-len(pieces) // most))
    return [list(pieces[start : start + size]) for start in range(0, len(pieces), size)]


def _label(group: Sequence[Piece], of: int) -> str:
    first, last = group[0], group[-1]
    span = str(first.number) if first is last else f"{first.number}-{last.number}"
    return f"pieces {span} of {of}: {sum(len(piece.captures) for piece in group)} pages"
