"""The backfill as a Prefect flow: a task run a slice, which is a few years of one host's sources.

What is done stands in the warehouse, not in Prefect's results: started again, whether by the same run or by another
one, with or without persistence, a slice that is done asks nothing. A run that is paused in the UI or cancelled ends at
the pages in hand; resumed, it goes on there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.futures import PrefectConcurrentFuture
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner

from flows.backfilling.backfill_run import Backfill, BackfillSummary, SliceResult, work_through
from flows.backfilling.parameters import BackfillParameters
from flows.backfilling.plan import Slice
from flows.crawling.crawl_run import RunStoppedError
from flows.runs.markdown import bullets, table
from flows.runs.progress import Progress, current_watcher
from flows.runs.retries import tried_again_unless, try_once
from flows.runs.stop_requests import STOPPED, Heard, ends_by_ctrl_c, heeding, say_where_stopped, stopped_task
from flows.settings import read_settings
from scrapers.report_years import spelt
from scrapers.sources.registry import load_sources

LONGEST = 14 * 24 * 3600
"""Seconds after which an attempt is ended: longer than a backfill of everything takes, so that one that hangs does not
keep for ever the next ones waiting. What has landed is kept."""


def _run_name() -> str:
    return f"backfill {BackfillParameters.model_validate(flow_run.parameters.get('parameters') or {}).words}"


@flow(
    name="backfill",
    description="Fill in the reports of past years that the warehouse lacks, a few years of a host at a time.",
    flow_run_name=_run_name,
    retries=2,
    retry_delay_seconds=300,
    timeout_seconds=LONGEST,
    persist_result=False,
)
def backfill(parameters: BackfillParameters) -> BackfillSummary | State[BackfillSummary]:
    """The flow that deployments and ``nianbao backfill`` run. Raises what the first failing slice raised.

    Where somebody cancels the run on the server, it ends as cancelled, with what has landed loaded. A further attempt
    goes on by the ledger; a run with ``max_requests`` has none, since it would have that many requests once more.
    """
    if parameters.max_requests is not None:
        try_once()
    try:
        with tried_again_unless():
            return _backfill(parameters)
    except KeyboardInterrupt:
        return ends_by_ctrl_c()


def _backfill(parameters: BackfillParameters) -> BackfillSummary | State[BackfillSummary]:
    settings = parameters.bounded(read_settings())
    logger = get_run_logger()
    everything = load_sources(settings.sources_dir)
    sources = parameters.chosen(everything)
    watchers = [watcher for watcher in (current_watcher(),) if watcher is not None]
    run = Backfill(
        settings, sources, everything, parameters.scope, parameters.workers, Progress(*watchers), logger.info
    )
    heard = Heard()
    try:
        summary = _worked_through(run, parameters, heard)
    except RunStoppedError as stopped:
        return heard.end(stopped)
    for problem in summary.run.problems[:20]:
        logger.warning(problem)
    create_markdown_artifact(
        summary_markdown(summary), key="backfill-summary", description="What the backfill wanted, and what came"
    )
    return summary


def _worked_through(run: Backfill, parameters: BackfillParameters, heard: Heard) -> BackfillSummary:
    logger = get_run_logger()
    with run:
        slices = {slice_.name: slice_ for slice_ in run.slices}
        done = sum(one.is_done for one in run.plan.work)
        logger.info(
            "run=%s slices=%d sources=%d sources_done_before=%d requests_expected=%d",
            run.run_id, len(slices), len(run.plan.work), done, run.plan.requests,
        )  # fmt: skip
        # A closure keeps the run's sockets and files out of the task's inputs, which Prefect would try to hash.
        collect: Any = task(name="slice", task_run_name="{slice_name}", cache_policy=NO_CACHE, persist_result=False)(
            _by_name(run, slices)
        )
        hosts = len({slice_.group.host for slice_ in slices.values()})
        most = min(max(hosts, 1), parameters.workers + 64)
        with _watched(run, len(slices), heard), ThreadPoolTaskRunner[SliceResult](max_workers=most) as runner:

            def start(slice_: Slice) -> Future[SliceResult]:
                return _outcome(runner.submit(collect, {"slice_name": slice_.name}))

            try:
                work_through(run, start)
            except BaseException as error:
                run.stop()  # it took too long: the runner waits for its threads, and a host can take an hour
                say_where_stopped(run.run_id, error, RunStoppedError)
                raise
    return BackfillSummary(run.plan, tuple(run.results), run.summary())


def _outcome(submitted: PrefectConcurrentFuture[SliceResult]) -> Future[SliceResult]:
    """The future of a task run as one that raises what the task raised: Prefect's own ends with a state in any case."""
    outcome: Future[SliceResult] = Future()

    def ended(_: object) -> None:
        try:
            result = submitted.result()
            if submitted.state.name == STOPPED:
                outcome.set_exception(RunStoppedError(submitted.state.message or STOPPED))
            else:
                outcome.set_result(result)
        except BaseException as error:  # noqa: BLE001  # handed to whoever waits for the slice
            outcome.set_exception(error)

    submitted.wrapped_future.add_done_callback(ended)
    return outcome


def _by_name(run: Backfill, slices: dict[str, Slice]) -> Callable[[str], SliceResult | State[None]]:
    def collect(slice_name: str) -> SliceResult | State[None]:
        try:
            result = run.collect_slice(slices[slice_name])
        except RunStoppedError as stopped:
            return stopped_task(str(stopped))
        logger = get_run_logger()
        if result.done_before:
            logger.info("run=%s slice=%r done before: nothing was asked", run.run_id, slice_name)
        else:
            logger.info(
                "run=%s slice=%r new=%d fetched=%d seconds=%.0f gave_way_seconds=%.0f",
                run.run_id, slice_name, result.new, result.fetched, result.seconds, result.gave_way,
            )  # fmt: skip
        return result

    return collect


@contextmanager
def _watched(run: Backfill, slices: int, heard: Heard) -> Iterator[None]:
    """Inside the block the progress artifact is kept up to date, and what the server says of the run is heeded."""
    made = create_progress_artifact(0.0, key="backfill-progress", description=f"0 of {slices} slices")
    assert isinstance(made, UUID), "called from a thread without an event loop, it answers at once"

    def show() -> None:
        ended = list(run.results)
        update_progress_artifact(
            made,
            progress=100.0 * len(ended) / slices if slices else 100.0,
            description=f"{len(ended)} of {slices} slices, {sum(one.new for one in ended)} new reports",
        )

    with heeding(run.stop, heard=heard, pause=run.pause, resume=run.resume, also=show):
        yield
    show()


def summary_markdown(summary: BackfillSummary) -> str:
    """The summary as Markdown: what was wanted and held of each source, what came, and what is in the way."""
    tallies = {tally.source_id: tally for tally in summary.run.tallies}
    rows = [
        (
            work.source.publisher, work.source.id, len(work.wanted), len(work.held), len(work.missing),
            len(work.blocked), tally.listed, tally.new, tally.rejected, tally.quarantined, tally.failed,
        )
        for work in summary.plan.work
        for tally in (tallies[work.source.id],)
    ]  # fmt: skip
    columns = (
        "publisher", "source", "wanted", "held before", "missing", "blocked", "listed", "new", "no report",
        "quarantined", "failed",
    )  # fmt: skip
    before = sum(result.done_before for result in summary.slices)
    lines = [
        f"Run `{summary.run.run_id}`, years {spelt(summary.plan.scope.years)}: {summary.run.new} new reports in "
        f"{summary.run.seconds:.0f} s; {len(summary.slices)} slices, {before} of them done before.",
        "",
        table(columns, rows, rest="`nianbao coverage`"),
    ]
    if summary.run.problems:
        lines += ["", "### Problems", "", *bullets(summary.run.problems, most=50, rest="`nianbao problems`")]
    return "\n".join(lines)
