"""``nianbao backfill``: the years that the warehouse lacks; ``--plan`` says what that takes and asks no site."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from flows.backfilling.backfill_run import BackfillSummary, backfill_plainly
from flows.backfilling.parameters import BackfillParameters
from flows.backfilling.plan import BackfillPlan, SourceWork, plan_backfill
from flows.commands.run_setup import cancelled_is_said, server_of_a_run, validated
from flows.runs.progress import Progress
from flows.settings import Settings
from flows.terminal import many, say, show_table, shown_progress, talk
from flows.upkeep.registry import load_registry
from scrapers.report_years import spelt
from scrapers.sources.registry import load_sources
from warehouse.ledgers.wanted import WantedYear


def backfill_command(settings: Settings, given: dict[str, Any], *, plan_only: bool, with_prefect: bool) -> int:
    """Fill in what is missing, or show the plan; ``given`` are :class:`BackfillParameters`. Exit code 1 where there are
    problems. Raises ``SettingsError`` for a parameter that is wrong."""
    parameters = validated(BackfillParameters, given)
    registry = load_sources(settings.sources_dir)
    sources = parameters.chosen(registry)  # asked before a server is started: what is misspelt is answered at once
    if plan_only:
        load_registry(settings, registry)
        show_plan(plan_backfill(settings, sources, parameters.scope, workers=parameters.workers))
        return 0
    if not with_prefect:
        with shown_progress("Backfilling") as watch:
            summary = backfill_plainly(
                parameters.bounded(settings),
                sources,
                registry,
                parameters.scope,
                workers=parameters.workers,
                progress=Progress(watch),
                on_word=talk.print,
            )
        return show_summary(summary)
    with server_of_a_run(settings):
        from flows.backfill import backfill

        with cancelled_is_said(), shown_progress("Backfilling"):
            ended = backfill.with_options(retries=0)(parameters)  # whoever looks on tries again by hand
    assert isinstance(ended, BackfillSummary), "a call of a flow raises where it was cancelled"
    return show_summary(ended)


def show_plan(plan: BackfillPlan) -> None:
    """A row a source on standard output; the sum, and what is in the way, on standard error."""
    show_table(
        ("publisher", "source", "wanted", "held", "missing", "years missing", "blocked", "why", "lists", "pages",
         "requests", "time"),
        (
            (
                work.source.publisher,
                work.source.id,
                len(work.wanted),
                len(work.held),
                len(work.missing),
                _years(work.missing),
                len(work.blocked),
                _why(work),
                len(work.lists),
                work.pages,
                work.requests,
                _time(work.seconds),
            )
            for work in plan.work
        ),
    )  # fmt: skip
    todo = [work for work in plan.work if not work.is_done]
    held, wanted = sum(len(work.held) for work in plan.work), sum(len(work.wanted) for work in plan.work)
    talk.print(f"Report years {spelt(plan.scope.years)}: {held} of {many(wanted, 'report')} wanted are held.")
    if not todo:
        talk.print(f"Nothing is left to ask for: {_why_nothing(plan)}.")
        return
    talk.print(
        f"{many(len(todo), 'source')} in {many(len(plan.slices), 'slice')}: about {many(plan.requests, 'request')}, "
        f"{_time(plan.seconds)} with {many(plan.workers, 'host')} at a time. Without --plan it is done."
    )


def show_summary(summary: BackfillSummary) -> int:
    """A row a source on standard output, the rest on standard error; the exit code."""
    run = summary.run
    tallies = {tally.source_id: tally for tally in run.tallies}
    show_table(
        ("publisher", "source", "wanted", "held before", "missing", "blocked", "listed", "new", "changed", "no report",
         "quarantined", "failed"),
        (
            (
                work.source.publisher,
                work.source.id,
                len(work.wanted),
                len(work.held),
                len(work.missing),
                len(work.blocked),
                tally.listed,
                tally.new,
                tally.changed,
                tally.rejected,
                tally.quarantined,
                tally.failed,
            )
            for work in summary.plan.work
            for tally in (tallies[work.source.id],)
        ),
    )  # fmt: skip
    for problem in run.problems[:20]:
        say("problem", problem)
    if len(run.problems) > 20:
        talk.print(f"... and {len(run.problems) - 20} more: nianbao sql 'FROM problems'")
    done = sum(work.is_done for work in summary.plan.work)
    if done:
        talk.print(
            f"{many(done, 'source')} had nothing left to ask for, and was not asked."
            if done == 1
            else f"{many(done, 'source')} had nothing left to ask for, and were not asked."
        )
    if not summary.slices:
        talk.print(f"Nothing was asked: {_why_nothing(summary.plan)}.")
    else:
        talk.print(f"{run.new} new reports in {run.seconds:.0f} s, {many(len(summary.slices), 'slice')}.")
    if any(tally.postponed for tally in run.tallies):
        talk.print("Not all was asked for: run the same command again, it goes on from here.")
    return 1 if run.problems else 0


def _why_nothing(plan: BackfillPlan) -> str:
    if any(work.wanted for work in plan.work):
        return "all is held, or was listed lately and not found"
    return (
        f"no report of {spelt(plan.scope.years)} may be there, since each of these years is before the first of its "
        "source, or its December has not come yet"
    )


def _years(wanted: tuple[WantedYear, ...]) -> str:
    by_type: defaultdict[str, set[int]] = defaultdict(set)
    for one in wanted:
        by_type[one.report_type].add(one.year)
    return "; ".join(f"{kind} {spelt(years)}" for kind, years in sorted(by_type.items()))


def _why(work: SourceWork) -> str:
    reasons = Counter(f"{one.state}: {one.detail}" if one.detail else one.state for one in work.blocked)
    told = [reason for reason, _ in reasons.most_common(2)]
    return "; ".join([*([work.left_alone] if work.left_alone else []), *told])


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
