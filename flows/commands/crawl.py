"""``nianbao crawl``: now, here, ending with a table of what came."""

from __future__ import annotations

from datetime import timedelta

from flows.commands.run_setup import cancelled_is_said, server_of_a_run
from flows.crawling.crawl_run import crawl_plainly
from flows.crawling.run_summary import RunSummary
from flows.runs.progress import Progress
from flows.settings import Settings, SettingsError
from flows.terminal import say, show_table, shown_progress, talk
from scrapers.report_years import parse_years
from scrapers.sources.registry import load_sources, select_sources


def crawl_command(
    settings: Settings,
    *,
    sources: list[str],
    province: str | None,
    recheck_days: int,
    relist: bool,
    years: str | None = None,
    with_prefect: bool,
) -> int:
    """Crawl, show what came, and say what to type next. Exit code 1 where something could not be crawled."""
    _years(years)
    # Asked before a server is started: a misspelt source is answered at once.
    chosen = select_sources(load_sources(settings.sources_dir), ids=sources, province=province)
    if not any(source.columns for source in chosen):
        talk.print("No column is known of what was asked for: " + ", ".join(source.id for source in chosen))
        for source in chosen:
            talk.print(f"  {source.id}: {source.column_unknown}")
        return 1
    summary = run(
        settings,
        sources=sources,
        province=province,
        recheck_days=recheck_days,
        relist=relist,
        years=years,
        with_prefect=with_prefect,
    )
    show_summary(summary)
    talk.print("Ask the warehouse next: nianbao coverage, or nianbao sql")
    return 1 if summary.problems else 0


def run(
    settings: Settings,
    *,
    sources: list[str],
    province: str | None,
    recheck_days: int,
    relist: bool,
    years: str | None = None,
    with_prefect: bool,
) -> RunSummary:
    """The crawl as a Prefect flow, or plainly; either way the same rows."""
    if not with_prefect:
        everything = load_sources(settings.sources_dir)
        chosen = select_sources(everything, ids=sources, province=province)
        with shown_progress("Crawling") as watch:
            return crawl_plainly(
                settings,
                chosen,
                everything,
                progress=Progress(watch),
                recheck_after=timedelta(days=recheck_days),
                relist=relist,
                years=_years(years),
            )
    with server_of_a_run(settings):
        from flows.crawl import CrawlParameters, crawl

        parameters = CrawlParameters(
            sources=sources, province=province, recheck_days=recheck_days, relist=relist, years=years
        )
        with cancelled_is_said(), shown_progress("Crawling"):
            # Whoever looks on tries again by hand; and a state is returned only to runs of deployments.
            summary = crawl.with_options(retries=0)(parameters)
            assert isinstance(summary, RunSummary)
            return summary


def _years(text: str | None) -> frozenset[int]:
    """Raises :class:`SettingsError` for what is no span of years."""
    if text is None:
        return frozenset()
    try:
        return parse_years(text)
    except ValueError as error:
        raise SettingsError(f"--{error}") from error


def show_summary(summary: RunSummary) -> None:
    """A row a source on standard output; the problems, and what was new, on standard error."""
    show_table(
        ("publisher", "source", "listed", "new", "changed", "unchanged", "no report", "quarantined", "failed"),
        (
            (t.publisher, t.source_id, t.listed, t.new, t.changed, t.unchanged, t.rejected, t.quarantined, t.failed)
            for t in summary.tallies
        ),
    )
    for file in summary.recovered:
        if file.set_aside is not None:
            talk.print(f"{file.warc_file}: cut {file.cut_bytes} bytes of a torn last record, kept in {file.set_aside}")
    for problem in summary.problems[:20]:
        say("problem", problem)
    if len(summary.problems) > 20:
        talk.print(f"... and {len(summary.problems) - 20} more: nianbao sql 'FROM problems'")
    if summary.new or any(tally.changed for tally in summary.tallies):
        talk.print(f"{summary.new} new reports in {summary.seconds:.0f} s.")
    elif summary.problems:
        talk.print(f"Nothing new, so far as could be seen past the problems ({summary.seconds:.0f} s).")
    else:
        talk.print(f"Nothing new: every report that is listed is held already ({summary.seconds:.0f} s).")
