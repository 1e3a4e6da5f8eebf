"""The crawl as a Prefect flow: one task a host, progress and summary as artifacts.

A task run costs the server about 30 ms of CPU, so a task is a host's sources, never a page. Everything a task does is
in :mod:`flows.crawling.crawl_run`; this module only says when, beside what, and who is told.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field, field_validator

from flows.crawling.host_tasks import collect_hosts
from flows.crawling.run_summary import RunSummary
from flows.crawling.source_choice import SourceChoice
from flows.defaults import RECHECK_AFTER
from flows.runs.flow_run import ends_as_cancelled, scheduled_set
from flows.runs.retries import tried_again_unless
from flows.runs.source_set import SourceSetBusyError
from flows.runs.stop_requests import ends_by_ctrl_c
from flows.settings import read_settings
from scrapers.report_years import parse_years, spelt
from scrapers.sources.registry import load_sources, select_sources

LONGEST = 20 * 3600
"""Seconds after which a crawl is ended, so that the next day's finds the way free; what has landed is kept."""


class CrawlParameters(SourceChoice):
    """What to crawl. Left empty: every source of the registry that has a column."""

    recheck_days: Annotated[
        int,
        Field(
            ge=0,
            title="Recheck after (days)",
            description="Ask again for a held page when it was last asked for longer ago than this.",
        ),
    ] = RECHECK_AFTER.days
    relist: Annotated[
        bool,
        Field(
            title="List to the end",
            description="List every column to its end, also where nothing is new on its first page.",
        ),
    ] = False
    years: Annotated[
        str | None,
        Field(
            title="Report years",
            description="Only reports of these report years, such as 2024-2025; lists are read no further back.",
        ),
    ] = None

    @field_validator("years")
    @classmethod
    def _are_years(cls, value: str | None) -> str | None:
        return spelt(parse_years(value)) if value else None


def _run_name() -> str:
    from prefect.runtime import flow_run

    return f"crawl {CrawlParameters.model_validate(flow_run.parameters.get('parameters') or {}).words}"


@flow(
    name="crawl",
    description="List the columns of the sources, fetch what is new, read it, load it.",
    flow_run_name=_run_name,
    retries=1,
    retry_delay_seconds=60,
    timeout_seconds=LONGEST,
    persist_result=False,
)
def crawl(parameters: CrawlParameters) -> RunSummary | State[RunSummary]:
    """The flow that deployments and ``nianbao crawl`` run. Raises what the first failing task raised.

    A run of a deployment ends as cancelled where another one crawls the same sources, or has listed them since this one
    was due.
    """
    try:
        with tried_again_unless():
            return _crawl(parameters)
    except KeyboardInterrupt:
        return ends_by_ctrl_c()


def _crawl(parameters: CrawlParameters) -> RunSummary | State[RunSummary]:
    settings = read_settings()
    everything = load_sources(settings.sources_dir)
    sources = select_sources(everything, ids=parameters.sources, province=parameters.province)
    try:
        with scheduled_set(settings, "crawl", parameters.sources, parameters.province):
            return collect_hosts(
                "crawl",
                settings,
                sources,
                everything,
                recheck_after=timedelta(days=parameters.recheck_days),
                relist=parameters.relist,
                years=parse_years(parameters.years) if parameters.years else frozenset(),
            )
    except SourceSetBusyError as busy:
        return ends_as_cancelled(str(busy))
