"""The watch: the lists alone, often. Records what is new, overdue or silent without fetching a report's page."""

from __future__ import annotations

from prefect import flow
from prefect.client.schemas.objects import State

from flows.crawling.host_tasks import collect_hosts
from flows.crawling.run_summary import RunSummary
from flows.crawling.source_choice import SourceChoice
from flows.runs.flow_run import ends_as_cancelled, scheduled_set
from flows.runs.retries import tried_again_unless
from flows.runs.source_set import SourceSetBusyError
from flows.runs.stop_requests import ends_by_ctrl_c
from flows.settings import read_settings
from scrapers.sources.registry import load_sources, select_sources


class WatchParameters(SourceChoice):
    """Whose lists to look at. Left empty: of every source of the registry that has a column."""


def _run_name() -> str:
    from prefect.runtime import flow_run

    return f"watch {WatchParameters.model_validate(flow_run.parameters.get('parameters') or {}).words}"


@flow(
    name="watch",
    description="List the columns of the sources and record what is new; the next crawl fetches it.",
    flow_run_name=_run_name,
    retries=1,
    retry_delay_seconds=60,
    timeout_seconds=3 * 3600,
    persist_result=False,
)
def watch(parameters: WatchParameters) -> RunSummary | State[RunSummary]:
    """One request a column where nothing is new; candidates that are found stay wanted for the next crawl."""
    try:
        with tried_again_unless():
            return _watch(parameters)
    except KeyboardInterrupt:
        return ends_by_ctrl_c()


def _watch(parameters: WatchParameters) -> RunSummary | State[RunSummary]:
    settings = read_settings()
    everything = load_sources(settings.sources_dir)
    sources = select_sources(everything, ids=parameters.sources, province=parameters.province)
    try:
        with scheduled_set(settings, "watch", parameters.sources, parameters.province):
            return collect_hosts("watch", settings, sources, everything)
    except SourceSetBusyError as busy:
        return ends_as_cancelled(str(busy))
