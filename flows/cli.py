"""The ``nianbao`` command: names, options and exit codes; what a command does stands in ``flows.commands``.

Exit codes: 0 done, 1 something failed, 2 bad usage or bad configuration, 130 stopped by Ctrl-C.
Data goes to standard output.
"""

from __future__ import annotations

import errno
import importlib.metadata
import io
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows.defaults import BACKFILL_HOSTS, LIST_AGAIN_AFTER, RECHECK_AFTER, SLICE_YEARS
from flows.settings import SettingsError, read_settings
from flows.terminal import say, talk
from scrapers.errors import ForeseenError
from scrapers.records import Level, ReportType

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT, as shells have it."""
_STOPPED = "Stopped. What has landed is kept; the same command goes on from there."

app = typer.Typer(
    name="nianbao",
    help="Crawl the annual reports that Chinese governments must publish, and ask them SQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
)
sources_app = typer.Typer(no_args_is_help=True, help="The registry of sources.")
app.add_typer(sources_app, name="sources")
archive_app = typer.Typer(no_args_is_help=True, help="The archive of everything that sites sent (WARC files).")
app.add_typer(archive_app, name="archive")
quarantine_app = typer.Typer(
    no_args_is_help=True, help="Pages that were read but are not trusted, and decisions on them."
)
app.add_typer(quarantine_app, name="quarantine")

SourceIds = Annotated[
    list[str] | None, typer.Option("--source", "-s", metavar="ID", help="A source's id; may be given several times.")
]
Province = Annotated[str | None, typer.Option(help="Only the sources of this province folder.")]


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the portal; 0 for any free one.")] = 0,
) -> None:
    """The whole thing on the loopback portal, then three example queries.

    Its data lies in data/demo, whatever NIANBAO_DATA_DIR says, so it never mixes with yours.
    """
    from flows.commands.demo import demo_command

    raise typer.Exit(demo_command(port=port))


@app.command()
def portal(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 for any free one.")] = 8765,
    site: Annotated[
        list[Path] | None, typer.Option(help="A site.json whose stored answers are served too, by host.")
    ] = None,
    fault: Annotated[list[str] | None, typer.Option(metavar="NAME[:HOST]", help="Misbehave in this way.")] = None,
    families: Annotated[
        bool, typer.Option("--families", help="Serve a publisher of every listing family too.")
    ] = False,
    files: Annotated[
        bool, typer.Option("--files", help="Serve publishers whose reports are files too, in every form.")
    ] = False,
    heal_after: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Take the faults back after so long.")
    ] = None,
    faults: Annotated[
        bool, typer.Option("--faults", help="List all faults, and what a crawl says of each; serve nothing.")
    ] = False,
) -> None:
    """Serve the loopback network of disclosure sites, as an HTTP proxy."""
    from deployments.portal.faults import listing
    from deployments.portal.serving import serve

    if faults:
        typer.echo(listing(), nl=False)
        return
    serve(port, site or (), fault or (), families=families, files=files, heal_after=heal_after)


@app.command()
def crawl(
    source: SourceIds = None,
    province: Province = None,
    recheck_days: Annotated[
        int, typer.Option(min=0, help="Ask again for held pages last asked for longer ago than this.")
    ] = RECHECK_AFTER.days,
    relist: Annotated[
        bool,
        typer.Option("--relist", help="List every column to its end, also where nothing is new on its first page."),
    ] = False,
    years: Annotated[
        str | None,
        typer.Option(
            metavar="YEARS", help="Only these report years, such as 2024-2025; lists are read no further back."
        ),
    ] = None,
    prefect: Annotated[bool, typer.Option(help="Run as a Prefect flow, or plainly; the rows are the same.")] = True,
) -> None:
    """Crawl now, here, with a progress bar; ends with a table of what came."""
    from flows.commands.crawl import crawl_command

    settings = read_settings()
    raise typer.Exit(
        crawl_command(
            settings,
            sources=source or [],
            province=province,
            recheck_days=recheck_days,
            relist=relist,
            years=years,
            with_prefect=prefect,
        )
    )


@app.command()
def backfill(
    years: Annotated[str, typer.Option(metavar="YEARS", help="Report years, such as 2016-2023 or 2018,2020-2022.")],
    source: SourceIds = None,
    province: Province = None,
    division: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only sources in this division: a code or its beginning.")
    ] = None,
    level: Annotated[Level | None, typer.Option(help="Only publishers of this level.")] = None,
    report_type: Annotated[ReportType | None, typer.Option("--type", help="Only reports of this type.")] = None,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Say what is wanted, held, missing and blocked, and what it takes; ask no site."),
    ] = False,
    list_again_days: Annotated[
        int,
        typer.Option(min=0, help="List again where a report is missing and the list was read longer ago than this."),
    ] = LIST_AGAIN_AFTER.days,
    slice_years: Annotated[
        int, typer.Option(min=1, help="Years in a slice, the unit that is shown and gone on with.")
    ] = SLICE_YEARS,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Hosts asked at the same time.")] = BACKFILL_HOSTS,
    max_requests: Annotated[
        int | None, typer.Option(min=1, help="Requests after which the run ends; the next goes on from there.")
    ] = None,
    prefect: Annotated[bool, typer.Option(help="Run as a Prefect flow, or plainly; the rows are the same.")] = True,
) -> None:
    """Fill in past years: only what the warehouse lacks, giving way to crawls; stopped, it goes on where it was."""
    from flows.commands.backfill import backfill_command

    given = {
        "years": years,
        "sources": source or [],
        "province": province,
        "division": division,
        "level": level,
        "report_type": report_type,
        "list_again_days": list_again_days,
        "slice_years": slice_years,
        "workers": workers,
        "max_requests": max_requests,
    }
    raise typer.Exit(backfill_command(read_settings(), given, plan_only=plan, with_prefect=prefect))


@app.command()
def reprocess(
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only answers that came on this day (UTC) or later.")
    ] = None,
    source: SourceIds = None,
    years: Annotated[str | None, typer.Option(metavar="YEARS", help="Only reports of these years.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Load nothing: say what is read otherwise than it is held, with a sample.")
    ] = False,
    sample: Annotated[int, typer.Option(min=0, max=1000, help="Pages shown with the difference of their texts.")] = 10,
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes of this machine that read.")] = 2,
    dask: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Have the workers of this Dask scheduler read; `local`: a cluster here."),
    ] = None,
    output: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    prefect: Annotated[bool, typer.Option(help="Run as a Prefect flow, or plainly; the rows are the same.")] = True,
) -> None:
    """Read the archive anew by today's code, without the network; --compare says what that would change."""
    from flows.commands.reprocess import reprocess_command

    if output not in ("table", "json"):
        raise SettingsError(f"--format: {output!r} is neither table nor json")
    given = {
        "since": since.date() if since is not None else None,
        "sources": source or [],
        "years": years,
        "compare": compare,
        "sample": sample,
        "processes": processes,
        "dask": dask,
    }
    raise typer.Exit(reprocess_command(read_settings(), given, output=output, with_prefect=prefect))


@app.command()
def recognise(
    source: SourceIds = None,
    limit: Annotated[
        int,
        typer.Option(min=1, metavar="PAGES", help="Pages after which no further file is begun; the next run goes on."),
    ] = 500,
    annexes: Annotated[bool, typer.Option("--annexes", help="Also scans beside a report whose text is held.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also files that were recognised before, or tried in vain.")
    ] = False,
    prefect: Annotated[bool, typer.Option(help="Run as a Prefect flow, or plainly; the rows are the same.")] = True,
) -> None:
    """Recognise the text of archived scans that hold a report, and load it; needs the extra ocr (docs/files.md)."""
    from flows.commands.recognise import recognise_command

    given = {"sources": source or [], "limit": limit, "annexes": annexes, "again": again}
    raise typer.Exit(recognise_command(read_settings(), given, with_prefect=prefect))


@sources_app.command("list")
def sources_list(province: Province = None) -> None:
    """Every source, a row each."""
    from flows.commands.sources import list_command

    raise typer.Exit(list_command(read_settings(), province=province))


@sources_app.command("show")
def sources_show(identifier: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """One source, whole, as JSON."""
    from flows.commands.sources import show_command

    raise typer.Exit(show_command(read_settings(), identifier))


@sources_app.command("check")
def sources_check(
    identifiers: Annotated[list[str] | None, typer.Argument(metavar="[ID]...")] = None,
    province: Province = None,
    live: Annotated[bool, typer.Option("--live", help="Also list every column on its site.")] = False,
) -> None:
    """Is the registry well formed, are golden pages read as reviewed; --live: does every column list all there is?"""
    from flows.commands.sources_check import check_command

    raise typer.Exit(check_command(read_settings(), sources=identifiers or [], province=province, live=live))


@sources_app.command("probe")
def sources_probe(address: Annotated[str, typer.Argument(metavar="URL")]) -> None:
    """A column's or a page's address -> its family, how it lists, and which rows look like reports."""
    from flows.commands.sources import probe_command

    raise typer.Exit(probe_command(read_settings(), address))


@sources_app.command("discover")
def sources_discover(
    host: Annotated[str, typer.Argument(metavar="HOST")],
    most_requests: Annotated[int, typer.Option(min=1, help="Requests that may be spent.")] = 40,
) -> None:
    """From a host's home page, the columns in which reports lie, as registry entries."""
    from flows.commands.sources import discover_command

    raise typer.Exit(discover_command(read_settings(), host, most_requests=most_requests))


@sources_app.command("new")
def sources_new(
    address: Annotated[str, typer.Argument(metavar="URL", help="A column's address, or that of a report in it.")],
    identifier: Annotated[
        str | None, typer.Option("--id", metavar="PROVINCE/PUBLISHER", help="What the file is to be called.")
    ] = None,
    publisher: Annotated[str | None, typer.Option(help="Official name of the body whose column it is.")] = None,
    level: Annotated[Level | None, typer.Option(help="Kind of body, where its name does not say it.")] = None,
    division: Annotated[
        str | None, typer.Option(metavar="CODE", help="Six digits of its division; of a zone, of the one it lies in.")
    ] = None,
    pages: Annotated[int, typer.Option(min=1, max=20, help="Report pages to record as golden pages.")] = 3,
) -> None:
    """From a column's address to a registry file with golden pages to review, checked live. Overwrites nothing."""
    from flows.commands.sources_new import new_command

    raise typer.Exit(
        new_command(
            read_settings(),
            address,
            identifier=identifier,
            publisher=publisher,
            level=level,
            division=division,
            pages=pages,
        )
    )


@sources_app.command("record")
def sources_record(
    identifier: Annotated[str, typer.Argument(metavar="ID")],
    pages: Annotated[int, typer.Option(min=1, max=20, help="Report pages to record of each column.")] = 3,
    again: Annotated[
        bool, typer.Option("--again", help="Fetch nothing; write anew what is expected of the pages held, for review.")
    ] = False,
) -> None:
    """Golden pages for a source that has a file: reports it lists that are not recorded yet."""
    from flows.commands.sources_record import record_command

    raise typer.Exit(record_command(read_settings(), identifier, pages=pages, again=again))


@app.command()
def read(
    targets: Annotated[list[str] | None, typer.Argument(metavar="[FILE|URL]...")] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="JSON Lines with id, file (relative to the manifest) and url.")
    ] = None,
) -> None:
    """One page -> what we make of it, as JSON, with what was removed and why."""
    from flows.commands.read import read_command

    if not targets and manifest is None:
        raise typer.BadParameter("give a saved page, an address with http://, or --manifest M.jsonl")
    raise typer.Exit(read_command(read_settings(), targets or [], manifest))


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="A query; without one, a prompt opens.")] = None,
    output: Annotated[
        str | None,
        typer.Option("--format", "-f", help="table, csv, json, jsonl, parquet or xlsx; else by the ending of --to."),
    ] = None,
    to: Annotated[Path | None, typer.Option(help="File to write to instead of standard output.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Most rows.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.001, help="Stop a query that takes longer.")] = None,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "--with", metavar="FILE", help="A CSV, JSON or Parquet file of yours that the query may read too."
        ),
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Ask a nianbao share; the token in NIANBAO_SERVER_TOKEN.")
    ] = None,
) -> None:
    """Ask the warehouse. Read-only, at any time, also while a load runs."""
    from flows.commands.sql import Bounds, sql_command

    bounds = Bounds(limit, seconds, tuple(files or ()))
    settings = read_settings() if server is None else read_settings(server=server)
    raise typer.Exit(sql_command(settings, query, output=output, to=to, bounds=bounds))


@app.command()
def share(
    host: Annotated[str, typer.Option(help="Address to listen on; others than loopback need --tokens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8751,
    tokens: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who may ask: a line NAME TOKEN for each person.")
    ] = None,
    queries: Annotated[int, typer.Option(min=1, max=64, help="Queries at a time, each in a process.")] = 4,
    seconds: Annotated[float, typer.Option(min=0.1, help="Time of a query.")] = 30.0,
    rows: Annotated[int, typer.Option(min=1, help="Rows of an answer.")] = 1_000_000,
    answer_mb: Annotated[int, typer.Option(min=1, help="MiB of an answer.")] = 256,
    memory_mb: Annotated[int, typer.Option(min=64, help="MiB of memory of a query.")] = 1024,
    threads: Annotated[int, typer.Option(min=1, help="Threads of a query.")] = 2,
) -> None:
    """Serve the reader copy to a team: read-only SQL over HTTP, within limits (docs/team_server.md)."""
    from flows.commands.share import share_command
    from warehouse.answers.bounded import Bounds

    bounds = Bounds(seconds, rows, answer_mb * 1024**2, memory_mb * 1024**2, threads)
    raise typer.Exit(
        share_command(read_settings(), host=host, port=port, token_file=tokens, bounds=bounds, queries=queries)
    )


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="Words, and phrases in quotes: '行政复议 \"出庭应诉率\"'.")],
    year: Annotated[int | None, typer.Option(help="Only this report year.")] = None,
    division: Annotated[str | None, typer.Option(metavar="CODE", help="Only codes that begin so: 33, 3307 ...")] = None,
    report_type: Annotated[ReportType | None, typer.Option("--type", help="Only this report type.")] = None,
    level: Annotated[Level | None, typer.Option(help="Only publishers of this kind.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Only publishers whose name holds this.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most results.")] = 10,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """The reports that speak of something, the best first (BM25 over words), with the place where they do."""
    from flows.commands.search import search_command
    from warehouse.search import Filters

    filters = Filters(year, division, report_type and report_type.value, level and level.value, publisher)
    raise typer.Exit(search_command(read_settings(), query, filters=filters, most=limit, output=output))


@app.command()
def coverage(
    source: Annotated[str | None, typer.Option("--source", "-s", metavar="ID", help="Only this source.")] = None,
    year: Annotated[list[int] | None, typer.Option(help="Only this report year; may be given several times.")] = None,
    state: Annotated[list[str] | None, typer.Option(help="Only this state, such as overdue or blocked.")] = None,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """Publisher x report type x year: held, overdue, not found, blocked ..."""
    from flows.commands.coverage import coverage_command

    raise typer.Exit(
        coverage_command(read_settings(), source=source, years=year or [], states=state or [], output=output)
    )


@app.command()
def problems(
    source: Annotated[str | None, typer.Option("--source", "-s", metavar="ID", help="Only this source.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind: listing, page, reading, run ...")] = None,
    each: Annotated[bool, typer.Option("--each", help="A row each thing, not each way of failing.")] = False,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """What fails, since when, why, and what a person should do."""
    from flows.commands.problems import problems_command

    raise typer.Exit(problems_command(read_settings(), source=source, kind=kind, each=each, output=output))


Page = Annotated[str, typer.Argument(metavar="ID", help="A document's identity, its beginning, or an address.")]
Why = Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")]
Who = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; kept with the decision.")]


@quarantine_app.command("list")
def quarantine_list(
    source: Annotated[str | None, typer.Option("--source", "-s", metavar="ID", help="Only this source.")] = None,
    decided: Annotated[bool, typer.Option("--decided", help="The decisions, and which of them hold.")] = False,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """The pages in quarantine, each with the reason; --decided: what was decided."""
    from flows.commands.quarantine import list_command

    raise typer.Exit(list_command(read_settings(), source=source, decided=decided, output=output))


@quarantine_app.command("show")
def quarantine_show(
    page: Page,
    whole: Annotated[bool, typer.Option("--whole", help="The text to its end.")] = False,
) -> None:
    """One page: what speaks against it, what it copies, what was decided before, and its text."""
    from flows.commands.quarantine import show_command

    raise typer.Exit(show_command(read_settings(), page, whole=whole))


@quarantine_app.command("accept")
def quarantine_accept(page: Page, reason: Why, by: Who) -> None:
    """It is a report to be trusted: it enters `reports`."""
    from flows.commands.quarantine import decide_command
    from warehouse.ledgers.decisions import Verdict

    raise typer.Exit(decide_command(read_settings(), page, Verdict.ACCEPTED, reason=reason, by=by))


@quarantine_app.command("reject")
def quarantine_reject(page: Page, reason: Why, by: Who) -> None:
    """It is no report, or none to be trusted: it leaves the quarantine."""
    from flows.commands.quarantine import decide_command
    from warehouse.ledgers.decisions import Verdict

    raise typer.Exit(decide_command(read_settings(), page, Verdict.REJECTED, reason=reason, by=by))


@quarantine_app.command("reopen")
def quarantine_reopen(page: Page, reason: Why, by: Who) -> None:
    """Take a decision back: what was read of the page counts again."""
    from flows.commands.quarantine import decide_command
    from warehouse.ledgers.decisions import Verdict

    raise typer.Exit(decide_command(read_settings(), page, Verdict.REOPENED, reason=reason, by=by))


@app.command()
def corrections(
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the files to the warehouse now and publish; else the next run does.")
    ] = False,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """The corrections of corrections.toml, and which of them are applied."""
    from flows.commands.corrections import corrections_command

    raise typer.Exit(corrections_command(read_settings(), apply=apply, output=output))


@app.command()
def changes(
    source: Annotated[str | None, typer.Option("--source", "-s", metavar="ID", help="Only this source.")] = None,
    year: Annotated[int | None, typer.Option(help="Only reports on this year.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what was seen on or after this date (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Most changes, the newest first.")] = 50,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """What publishers changed in texts they had published: sentences cut, sentences that came in."""
    from flows.commands.changes import changes_command

    day = since.date() if since is not None else None
    raise typer.Exit(changes_command(read_settings(), source=source, year=year, since=day, limit=limit, output=output))


@app.command()
def runs(
    kind: Annotated[str | None, typer.Option(help="Only runs of this kind: crawl, backfill, reprocess ...")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Most runs, the newest first.")] = 20,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """The last runs: kind, state, how long they took, and what was new, changed or failed."""
    from flows.commands.runs import runs_command

    raise typer.Exit(runs_command(read_settings(), kind=kind, limit=limit, output=output))


@app.command()
def load(
    every: Annotated[
        float | None, typer.Option(min=1, metavar="SECONDS", help="Go on, with a look so often, until Ctrl-C.")
    ] = None,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Become the loader of the store in the place of a machine that is gone.")
    ] = False,
) -> None:
    """Several machines: take in what others landed in the shared store, load it, publish it for all."""
    from flows.commands.load import load_command

    raise typer.Exit(load_command(read_settings(), every=every, take_over=take_over))


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder not there yet, or an earlier export.")],
    table: Annotated[
        list[str] | None, typer.Option("--table", "-t", metavar="NAME", help="Only this table or view; several times.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every table and view, also raw_ and core_.")] = False,
    year: Annotated[list[int] | None, typer.Option(help="Only this report year; may be given several times.")] = None,
    division: Annotated[str | None, typer.Option(metavar="CODE", help="Only codes that begin so: 33, 3307 ...")] = None,
    report_type: Annotated[ReportType | None, typer.Option("--type", help="Only this report type.")] = None,
) -> None:
    """A Frictionless data package: Parquet files, a folder a table, with their description, keys and digests."""
    from flows.commands.export import export_command
    from warehouse.export import Selection

    selection = Selection(tuple(year or ()), division, report_type and report_type.value)
    raise typer.Exit(
        export_command(read_settings(), folder, tables=table or [], everything=everything, selection=selection)
    )


@app.command()
def checks(
    only: Annotated[str | None, typer.Option(metavar="NAME", help="Only this check.")] = None,
    unpublished: Annotated[
        bool,
        typer.Option(
            "--unpublished", help="Of the warehouse as it is now, where a check keeps the next reader copy back."
        ),
    ] = False,
    output: Annotated[str, typer.Option("--format", "-f", help="table, csv, json or jsonl.")] = "table",
) -> None:
    """Rows of the reader copy that must not be there: the checks that run before each publication, on everything."""
    from flows.commands.checks import checks_command

    raise typer.Exit(checks_command(read_settings(), name=only, unpublished=unpublished, output=output))


@archive_app.command("list")
def archive_list() -> None:
    """The files of the archive: run, hosts, records, dates, state."""
    from flows.commands.archive import list_command

    raise typer.Exit(list_command(read_settings()))


@archive_app.command("verify")
def archive_verify(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Only these WARC files.")] = None,
) -> None:
    """Whether every record is whole, has its digests and its links, and every capture its record."""
    from flows.commands.archive import verify_command

    raise typer.Exit(verify_command(read_settings(), files or []))


@archive_app.command("reindex")
def archive_reindex(
    everything: Annotated[
        bool, typer.Option("--all", help="Read all files, also those that have not changed since they were indexed.")
    ] = False,
) -> None:
    """Make the archive's index from the files alone."""
    from flows.commands.archive import reindex_command

    raise typer.Exit(reindex_command(read_settings(), everything=everything))


@archive_app.command("show")
def archive_show(
    wanted: Annotated[str, typer.Argument(metavar="CAPTURE|URL", help="A capture's urn:uuid:..., or an address.")],
    at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="As it was then (UTC); else the newest."),
    ] = None,
    body: Annotated[bool, typer.Option("--body", help="Only the body, without status and headers.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The body as it was sent, before content decoding.")] = False,
) -> None:
    """A stored response: status, headers and body on standard output, where it stands on standard error."""
    from flows.commands.archive import show_command

    raise typer.Exit(show_command(read_settings(), wanted, at=at, body_only=body, raw=raw))


@archive_app.command("rebuild")
def archive_rebuild() -> None:
    """A lost warehouse, made anew from the kept batches and the archive."""
    from flows.commands.archive import rebuild_command

    raise typer.Exit(rebuild_command(read_settings()))


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of Prefect's UI and API on 127.0.0.1.")] = 4200,
    deployments: Annotated[
        Path | None, typer.Option(help="Folder with prefect.yaml, limits.yaml and automations.yaml of your own.")
    ] = None,
) -> None:
    """Run it for years: schedules, a worker and Prefect's UI on this machine, until Ctrl-C."""
    from flows.commands.serve import serve_command

    raise typer.Exit(serve_command(read_settings(), port=port, folder=deployments))


@app.command()
def deploy(
    check: Annotated[
        bool, typer.Option("--check", help="Show what differs and change nothing; exit code 1 then.")
    ] = False,
    deployments: Annotated[
        Path | None, typer.Option(help="Folder with prefect.yaml, limits.yaml and automations.yaml of your own.")
    ] = None,
) -> None:
    """Make a Prefect server as the files say: pool, queues, limits, deployments, schedules, automations."""
    from flows.commands.deploy import deploy_command

    raise typer.Exit(deploy_command(read_settings(), check=check, folder=deployments))


@app.command()
def notify() -> None:
    """Send a test message by every way that notifications go."""
    from flows.commands.notify import notify_command

    raise typer.Exit(notify_command(read_settings()))


@app.command()
def digest(
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days to look back.")] = 1,
) -> None:
    """What came, what is missing, what fails: the last days as Markdown."""
    from flows.commands.digest import digest_command

    raise typer.Exit(digest_command(read_settings(), days=days))


@app.command()
def doctor() -> None:
    """What is set and by whom, what is there, and what to do about what is not."""
    from flows.commands.doctor import doctor_command, show_all_settings

    try:
        settings = read_settings()
    except SettingsError:
        show_all_settings()
        raise
    raise typer.Exit(doctor_command(settings))


@app.command()
def version() -> None:
    """The version."""
    print(importlib.metadata.version("nianbao"))  # noqa: T201  # data goes to standard output


def main() -> None:
    """Run a command; what goes wrong is said in a sentence, not in a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that has no Chinese letters, or a file name that is no text, must not end a command half-way.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer has turned Ctrl-C into this
            talk.print(_STOPPED)
        raise
    except BrokenPipeError:
        raise SystemExit(1) from None
    except Exception as error:
        from warehouse.errors import is_ctrl_c

        if is_ctrl_c(error):
            talk.print(_STOPPED)
            raise SystemExit(INTERRUPTED) from error
        code = _exit_code(error)
        if code is None:
            raise
        raise SystemExit(code) from error


def _exit_code(error: Exception) -> int | None:
    """Say what went wrong and give the exit code; ``None`` for an error nobody foresaw, which keeps its traceback."""
    from warehouse.errors import NoReaderError

    if isinstance(error, NoReaderError):
        from flows.commands.lost_warehouse import why_no_copy

        _say(why_no_copy(read_settings()) or error)
        return error.exit_code
    if isinstance(error, ForeseenError):
        _say(error)
        return error.exit_code
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        where = error.filename or "while writing"
        _say(f"no space is left on the device ({where}); free some, then run the same command again")
        return 1
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
        _say(f"{error.filename or 'a file'}: {error.strerror}; `nianbao doctor` shows which setting named it")
        return 1
    return None


def _say(error: object) -> None:
    for line in str(error).splitlines():
        say("error", line)


if __name__ == "__main__":
    main()
