"""The tasks of a crawl or a watch, one a host, and what the run shows while they go on and when they are done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Literal

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.task_runners import ThreadPoolTaskRunner

from flows.crawling.artifacts import ProgressArtifact, show_run
from flows.crawling.crawl_run import CrawlRun, RunStoppedError
from flows.crawling.run_summary import RunSummary
from flows.defaults import RECHECK_AFTER
from flows.runs.progress import Progress, current_watcher
from flows.runs.stop_requests import Heard, heeding, say_where_stopped, stopped_task
from flows.settings import Settings
from scrapers.collect import Tally
from scrapers.records import Source


def collect_hosts(
    kind: Literal["crawl", "watch"],
    settings: Settings,
    sources: Sequence[Source],
    registry: Sequence[Source],
    *,
    recheck_after: timedelta = RECHECK_AFTER,
    relist: bool = False,
    years: frozenset[int] = frozenset(),
) -> RunSummary | State[RunSummary]:
    """Crawl or watch ``sources`` inside a flow run, and leave its artifacts.

    A run that is cancelled or suspended on the server ends at the pages in hand, as ``Heard.end`` says.
    """
    logger = get_run_logger()
    with ProgressArtifact(f"{kind}-progress") as artifact:
        watchers = [watcher for watcher in (artifact.watch, current_watcher()) if watcher is not None]
        run = CrawlRun(
            settings,
            sources,
            registry,
            Progress(*watchers),
            recheck_after=recheck_after,
            relist=relist,
            years=years,
            kind=kind,
            only_lists=kind == "watch",
        )
        # A closure keeps the run's sockets and files out of the task's inputs, which Prefect would try to hash.
        task_of_host = task(name="collect host", task_run_name="{host}", cache_policy=NO_CACHE, persist_result=False)
        collect_host: Any = task_of_host(_by_host(run))
        heard = Heard()
        try:
            with run, heeding(run.stop) as heard:
                logger.info("run=%s kind=%s sources=%d hosts=%d", run.run_id, kind, len(sources), len(run.groups))
                artifact.expect(len(sources))
                with ThreadPoolTaskRunner[None](max_workers=settings.workers) as runner:
                    futures = [runner.submit(collect_host, {"host": group.host}) for group in run.groups]
                    try:
                        for future in futures:
                            future.result()
                        run.refuse_stopped()
                    except BaseException as error:
                        run.stop()  # a task failed, or the run took too long: the other hosts end at the page in hand
                        say_where_stopped(run.run_id, error, RunStoppedError)
                        raise
        except RunStoppedError as stopped:
            return heard.end(stopped)
        summary = run.summary()
    logger.info(
        "run=%s new=%d failed=%d problems=%d seconds=%.0f",
        summary.run_id, summary.new, summary.failed, len(summary.problems), summary.seconds,
    )  # fmt: skip
    show_run(kind, settings, sources, summary)
    return summary


def _by_host(run: CrawlRun) -> Callable[[str], State[None] | None]:
    groups = {group.host: group for group in run.groups}

    def collect_host(host: str) -> State[None] | None:
        logger = get_run_logger()
        try:
            tallies = run.collect_group(groups[host])
        except RunStoppedError as stopped:
            return stopped_task(str(stopped))
        for tally in tallies:
            logger.log(*_line(run.run_id, tally))
        return None

    return collect_host


def _line(run_id: str, tally: Tally) -> tuple[int, str]:
    """A source's line of the log: level and text. Its problems are counted here and grouped in the run's summary."""
    counts = " ".join(
        f"{name}={getattr(tally, name)}"
        for name in ("listed", "wanted", "new", "changed", "unchanged", "rejected", "quarantined", "failed")
    )
    first = f" problems={len(tally.problems)} first={tally.problems[0]!r}" if tally.problems else ""
    return (30 if tally.problems else 20), f"run={run_id} source={tally.source_id} {counts}{first}"
