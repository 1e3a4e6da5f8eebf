"""What a crawl or a watch shows in Prefect's UI: how far it is, and what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

from flows.crawling.run_summary import RunSummary
from flows.runs.markdown import cell, link, table
from flows.runs.progress import Standing
from flows.settings import Settings
from scrapers.records import Source
from warehouse.answers.problems import run_problem_groups, run_refusals
from warehouse.query import Answer

ARTIFACT_EVERY = 5.0
"""Seconds between two updates of the progress artifact."""


class ProgressArtifact:
    """A progress artifact that a thread of its own keeps up to date, so that crawling never waits for the server."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._standing: Standing | None = None
        self._sources = 0
        self._done = threading.Event()

    def expect(self, sources: int) -> None:
        """So many sources make the whole."""
        self._sources = sources

    def watch(self, standing: Standing) -> None:
        """Take note of a standing; it is shown within :data:`ARTIFACT_EVERY` seconds."""
        self._standing = standing

    def __enter__(self) -> ProgressArtifact:
        made = create_progress_artifact(0.0, key=self._key, description="Share of the sources that are done")
        assert isinstance(made, UUID), "called from a thread without an event loop, it answers at once"
        self._id = made
        self._thread = threading.Thread(target=self._keep_up, name="progress artifact", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        try:
            self._update()
        except Exception as error:  # noqa: BLE001  # the crawl is done; that its share stands at 98 % undoes nothing
            get_run_logger().warning(
                "the Prefect server does not answer (%r); the progress shown is not the last", error
            )

    def _keep_up(self) -> None:
        while not self._done.wait(ARTIFACT_EVERY):
            try:
                self._update()
            except Exception:  # noqa: BLE001, S112  # the server is away for a while: the next update says it all
                continue

    def _update(self) -> None:
        standing = self._standing
        if standing is None:
            return
        share = 100.0 * standing.sources_done / self._sources if self._sources else 100.0
        update_progress_artifact(
            self._id,
            progress=share,
            description=f"{standing.sources_done} of {self._sources} sources; {standing.listed} rows listed, "
            f"{standing.fetched} of {standing.wanted} wanted pages fetched",
        )


def show_run(kind: str, settings: Settings, sources: Sequence[Source], summary: RunSummary) -> None:
    """Leave the summary of a crawl or a watch as an artifact of the flow run."""
    create_markdown_artifact(
        summary_markdown(
            summary,
            sources,
            refused=run_refusals(settings.reader_path, summary.run_id),
            groups=run_problem_groups(settings.reader_path, [s.id for s in sources], summary.started_at),
            watched=kind == "watch",
        ),
        key=f"{kind}-summary",
        description=f"What the {kind} brought",
    )


def summary_markdown(
    summary: RunSummary,
    sources: Iterable[Source],
    *,
    refused: dict[str, int],
    groups: Answer,
    watched: bool = False,
) -> str:
    """A run's summary: a row a source with the address of its column, then its problems, a row each way of failing.

    ``refused`` counts by source the answers by which a site kept us out; ``groups`` are rows of ``problem_groups``.
    """
    addresses = {source.id: source.columns[0].url for source in sources if source.columns}
    rows = [
        (
            t.publisher,
            link(t.source_id, addresses.get(t.source_id)),
            t.listed,
            t.wanted if watched else t.new,
            t.changed,
            t.failed,
            refused.get(t.source_id, 0),
            t.quarantined,
            t.rejected,
            t.unchanged,
        )
        # What needs a look comes first; then what brought something.
        for t in sorted(summary.tallies, key=lambda t: (not t.problems, -(t.wanted if watched else t.new)))
    ]
    came = f"{sum(t.wanted for t in summary.tallies)} pages wanted" if watched else f"{summary.new} new reports"
    parts = [
        f"Run `{summary.run_id}`: {came} in {summary.seconds:.0f} s, {len(summary.tallies)} sources, "
        f"{sum(bool(t.problems) for t in summary.tallies)} of them with problems.",
        table(
            (
                "publisher", "source", "listed", "wanted" if watched else "new", "changed", "failed", "blocked",
                "quarantined", "no report", "unchanged",
            ),
            rows,
            rest="`nianbao sql 'FROM sources'`",
        ),
    ]  # fmt: skip
    if groups.rows:
        at = {name: number for number, name in enumerate(groups.columns)}
        parts += [
            "### Problems, by source and way of failing",
            table(
                ("kind", "source", "outcome", "things", "since (UTC)", "for example", "what to do"),
                (
                    (
                        row[at["kind"]],
                        row[at["source_id"]],
                        row[at["outcome"]],
                        row[at["things"]],
                        row[at["since"]].strftime("%Y-%m-%d %H:%M") if row[at["since"]] else "",
                        link("page", row[at["example"]]) if row[at["example"]] else cell(row[at["detail"]]),
                        row[at["advice"]],
                    )
                    for row in groups.rows
                ),
                rest="`nianbao problems`",
            ),
        ]
    other = [f"{file.warc_file}: {file.damage}" for file in summary.recovered if file.damage] + [
        f"{batch.path}: {batch.reason}" for load in summary.loads for batch in load.rejected_batches
    ]
    if other:
        parts += ["### What could not be loaded", *(f"- {cell(line)}" for line in other[:50])]
    return "\n\n".join(parts)
