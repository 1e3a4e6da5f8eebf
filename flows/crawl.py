"""The crawl as a Prefect flow: one task a host, progress and summary as artifacts.

A task run costs the server about 30 ms of CPU, so a task is a host's sources, never a page. Everything a task does is
in :mod:`flows.run`; this module only says when, beside what, and who is told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BaseModel, ConfigDict, Field, field_validator

from flows.progress import Progress, Standing, current_watcher
from flows.run import CrawlRun, RunSummary
from flows.settings import read_settings
from scrapers.report_years import parse_years, spelt
from scrapers.sources.registry import load_sources, select_sources

ARTIFACT_EVERY = 5.0
"""Seconds between two updates of the progress artifact."""


class CrawlParameters(BaseModel):
    """What to crawl. Left empty: every source of the registry that has a column."""

    model_config = ConfigDict(extra="forbid")

    sources: Annotated[
        list[str], Field(description="Ids of sources, such as zhejiang/pujiang; empty for all of them.")
    ] = []
    province: Annotated[str | None, Field(description="Only sources of this province folder, such as zhejiang.")] = None
    recheck_days: Annotated[
        int, Field(ge=0, description="Ask again for a held page when it was last asked for longer ago than this.")
    ] = 30
    relist: Annotated[
        bool, Field(description="List every column to its end, also where nothing is new on its first page.")
    ] = False
    years: Annotated[
        str | None,
        Field(description="Only reports of these report years, such as 2024-2025; lists are read no further back."),
    ] = None

    @field_validator("years")
    @classmethod
    def _are_years(cls, value: str | None) -> str | None:
        return spelt(parse_years(value)) if value else None


def _run_name() -> str:
    parameters = flow_run.parameters.get("parameters")
    wanted = CrawlParameters.model_validate(parameters or {})
    what = ", ".join(wanted.sources[:3]) + (" ..." if len(wanted.sources) > 3 else "")
    return f"crawl {what or wanted.province or 'all sources'}"


@flow(
    name="crawl",
    description="List the columns of the sources, fetch what is new, read it, load it.",
    flow_run_name=_run_name,
    persist_result=False,
)
def crawl(parameters: CrawlParameters) -> RunSummary:
    """The flow that deployments and ``nianbao crawl`` run. Raises what the first failing task raised."""
    settings = read_settings()
    logger = get_run_logger()
    everything = load_sources(settings.sources_dir)
    sources = select_sources(everything, ids=parameters.sources, province=parameters.province)
    with _ProgressArtifact() as artifact:
        watchers = [watcher for watcher in (artifact.watch, current_watcher()) if watcher is not None]
        run = CrawlRun(
            settings,
            sources,
            everything,
            Progress(*watchers),
            recheck_after=timedelta(days=parameters.recheck_days),
            relist=parameters.relist,
            years=parse_years(parameters.years) if parameters.years else frozenset(),
        )
        # A closure keeps the run's sockets and files out of the task's inputs, which Prefect would try to hash.
        collect_host = task(name="collect host", task_run_name="{host}", cache_policy=NO_CACHE, persist_result=False)(
            _by_host(run)
        )
        with run:
            logger.info("run %s: %d sources on %d hosts", run.run_id, len(sources), len(run.groups))
            artifact.expect(len(sources))
            with ThreadPoolTaskRunner[None](max_workers=settings.workers) as runner:
                futures = [runner.submit(collect_host, {"host": group.host}) for group in run.groups]
                for future in futures:
                    future.result()
        summary = run.summary()
    for problem in summary.problems:
        logger.warning(problem)
    create_markdown_artifact(summary_markdown(summary), key="crawl-summary", description="What the crawl brought")
    return summary


def _by_host(run: CrawlRun) -> Callable[[str], None]:
    groups = {group.host: group for group in run.groups}

    def collect_host(host: str) -> None:
        run.collect_group(groups[host])

    return collect_host


def summary_markdown(summary: RunSummary) -> str:
    """The run's summary table as Markdown: a row a source, problems below."""
    rows = [
        f"| {t.publisher} | {t.source_id} | {t.listed} | {t.new} | {t.changed} | {t.unchanged} | {t.rejected} "
        f"| {t.quarantined} | {t.failed} |"
        for t in summary.tallies
    ]
    problems = [f"- {problem}" for problem in summary.problems[:50]]
    if len(summary.problems) > 50:
        problems.append(f"- and {len(summary.problems) - 50} more: `nianbao sql 'FROM problems'`")
    return "\n".join(
        [
            f"Run `{summary.run_id}`: {summary.new} new reports in {summary.seconds:.0f} s.",
            "",
            "| publisher | source | listed | new | changed | unchanged | no report | quarantined | failed |",
            "|---|---|---|---|---|---|---|---|---|",
            *rows,
            *(["", "### Problems", "", *problems] if problems else []),
        ]
    )


class _ProgressArtifact:
    """A progress artifact that a thread of its own keeps up to date, so that crawling never waits for the server."""

    def __init__(self) -> None:
        self._standing: Standing | None = None
        self._sources = 0
        self._done = threading.Event()

    def expect(self, sources: int) -> None:
        self._sources = sources

    def watch(self, standing: Standing) -> None:
        self._standing = standing

    def __enter__(self) -> _ProgressArtifact:
        made = create_progress_artifact(0.0, key="crawl-progress", description="Share of the sources crawled")
        assert isinstance(made, UUID), "called from a thread without an event loop, it answers at once"
        self._id = made
        self._thread = threading.Thread(target=self._keep_up, name="progress artifact", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._update()

    def _keep_up(self) -> None:
        while not self._done.wait(ARTIFACT_EVERY):
            self._update()

    def _update(self) -> None:
        standing = self._standing
        if standing is None:
            return
        share = 100.0 * standing.sources_done / self._sources if self._sources else 100.0
        update_progress_artifact(
            self._id,
            progress=share,
            description=f"{standing.listed} listed, {standing.fetched} of {standing.wanted} wanted pages fetched",
        )
