"""``nianbao reprocess``: the archive read anew by today's code; ``--compare`` says what that would change."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from flows.commands.run_setup import server_of_a_run, validated
from flows.rereading.parameters import ReprocessParameters
from flows.rereading.report import as_json, sampled, sentences
from flows.rereading.reprocess_run import RereadSummary, reprocess_plainly
from flows.settings import Settings, SettingsError
from flows.terminal import say, show_table, shown, talk
from scrapers.sources.registry import load_sources
from warehouse.readers import require_warehouse


def reprocess_command(settings: Settings, given: dict[str, Any], *, output: str, with_prefect: bool) -> int:
    """Read the archive anew, or compare; ``given`` are :class:`ReprocessParameters`. Exit code 1 where pages could not
    be read anew. Raises :class:`SettingsError` for a parameter that is wrong."""
    parameters = validated(ReprocessParameters, given)
    registry = load_sources(settings.sources_dir)
    scope = parameters.scope(registry)
    require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
    if with_prefect:
        with server_of_a_run(settings):
            from flows.reprocess import reprocess

            summary = reprocess.with_options(retries=0)(parameters)  # whoever looks on tries again by hand
    else:
        with _executor(parameters) as executor:
            summary = reprocess_plainly(
                settings,
                registry,
                scope,
                compare=parameters.compare,
                sample=parameters.sample,
                processes=parameters.processes,
                executor=executor,
                on_word=talk.print,
                on_piece=lambda done, of: talk.print(f"{done} of {of} pieces"),
            )
    return show_result(settings, summary, parameters.sample, output)


def show_result(settings: Settings, summary: RereadSummary, count: int, output: str) -> int:
    """The changes by field and the sample on standard output, as a table or JSON; the rest on standard error."""
    if output == "json":
        json.dump(as_json(settings, summary, count), sys.stdout, ensure_ascii=False, indent=2)
        sys.stdout.write("\n")
    else:
        show_table(("field", "pages read otherwise"), sorted(summary.changed.items()))
        for one, diff in sampled(settings, summary, count) if summary.compared else ():
            for name, (held, today) in one.fields.items():
                if name != "text":
                    sys.stdout.write(shown(f"{one.url}: {name}: {held} -> {today}") + "\n")
            if diff:
                sys.stdout.write(shown(f"{one.url}: text\n{diff}") + "\n")
    for problem in summary.problems[:20]:
        say("problem", problem)
    if len(summary.problems) > 20:
        talk.print(f"... and {len(summary.problems) - 20} more")
    for sentence in sentences(summary):
        talk.print(sentence)
    return 1 if summary.problems else 0


@contextmanager
def _executor(parameters: ReprocessParameters) -> Iterator[Executor | None]:
    """The workers of a Dask cluster, where one is asked for."""
    if parameters.dask is None:
        yield None
        return
    try:
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise SettingsError("--dask: Dask is not installed; pip install 'nianbao[dask]'") from error
    if parameters.dask != "local":
        with Client(parameters.dask) as client:  # type: ignore[no-untyped-call]
            yield client.get_executor()
        return
    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=parameters.processes, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,  # type: ignore[no-untyped-call]
    ):
        yield client.get_executor()
