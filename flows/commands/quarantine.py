"""``nianbao quarantine``: pages that are read and not trusted, looked at and decided on by a person."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import typer

from flows.commands.shown_answer import output_format, show_answer
from flows.settings import Settings
from flows.terminal import many, say, show_table, shown, talk
from flows.upkeep.amendments import amend, decisions_path, read_amendments
from flows.upkeep.derived import derive_missing
from scrapers.sources.registry import load_sources, select_sources
from warehouse.answers.quarantine import (
    PastDecision,
    QuarantinedPage,
    find_page,
    page_in_words,
    quarantine_table,
    standing_of,
)
from warehouse.database import writing
from warehouse.errors import WarehouseBusyError
from warehouse.ledgers.decisions import Decision, Verdict, append_decision
from warehouse.readers import publish, require_warehouse

BEGINNING = 2000
"""Characters of a text that are shown where nobody asks for all of it."""
LONGEST_REASON = 120
"""Characters of a reason in a table; the other formats have it whole."""
_LISTED = ("document_id", "publisher", "report_type", "report_year", "title", "reason", "mirror_of", "decided_before")
_DECIDED = ("document_id", "verdict", "standing", "decided_by", "decided_at", "reason", "title", "url")


def list_command(settings: Settings, *, source: str | None, decided: bool, output: str) -> int:
    """The quarantine, or the decisions, as a table on the screen and rows in every other format."""
    form = output_format(output)
    say_unreadable(settings)
    answer = quarantine_table(settings.reader_path, source_id=source, decided=decided)
    if source is not None and not answer.rows:
        select_sources(load_sources(settings.sources_dir), ids=[source])  # raises for a misspelt id
    if form != "table":
        show_answer(answer, form)
        return 0
    at = {name: number for number, name in enumerate(answer.columns)}
    shown_here = _DECIDED if decided else _LISTED
    # a column in which nothing stands takes room from the others
    names = [name for name in shown_here if any(row[at[name]] is not None for row in answer.rows)] or shown_here
    show_table(names, ([_cell(row[at[name]]) for name in names] for row in answer.rows))
    if decided:
        talk.print(f"{many(len(answer.rows), 'decision')}.")
        return 0
    again = sum(row[at["decided_before"]] is not None for row in answer.rows)
    talk.print(
        f"{many(len(answer.rows), 'page')} in quarantine"
        + (f", {again} of them decided on before and changed since" if again else "")
        + (". nianbao quarantine show ID has the page, accept and reject decide." if answer.rows else ".")
    )
    return 0


def show_command(settings: Settings, wanted: str, *, whole: bool) -> int:
    """One page on standard output: its fields, a line each, an empty line, its text."""
    page = find_page(settings.reader_path, wanted)
    fields, text, past = page_in_words(settings.reader_path, page.document_id)
    for name, value in fields.items():
        for line in _lines(name, value):
            sys.stdout.write(shown(line) + "\n")
    for decision in past:
        sys.stdout.write(shown(f"decided: {_past(decision)}") + "\n")
    cut = not whole and len(text) > BEGINNING
    sys.stdout.write("\n" + shown(text[:BEGINNING] + "…" if cut else text) + "\n")
    if cut:
        talk.print(f"{len(text) - BEGINNING} more characters: --whole shows all.")
    talk.print(f"The page as it came: nianbao archive show {fields['capture_id'] or page.url}")
    return 0


def decide_command(settings: Settings, wanted: str, verdict: Verdict, *, reason: str, by: str) -> int:
    """Write a decision down, make it count, publish. Exit code 1 where it is written but does not count (yet)."""
    reason, by = reason.strip(), by.strip()
    if not reason or not by:
        raise typer.BadParameter("--reason and --by are kept with the decision: neither may be empty")
    require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
    read_amendments(settings)  # a corrections.toml that is wrong is said before anything is written
    page = find_page(settings.reader_path, wanted)
    if verdict is Verdict.REOPENED and page.state == "quarantined":
        raise typer.BadParameter(f"{page.document_id} is in quarantine: there is no decision to take back")
    append_decision(
        decisions_path(settings),
        Decision(
            decided_at=datetime.now(UTC),
            document_id=page.document_id,
            url=page.url,
            verdict=verdict,
            reason=reason,
            decided_by=by,
            text_digest=page.text_digest,
            payload_digest=page.payload_digest,
        ),
    )
    talk.print(
        shown(f"{verdict} by {by}, kept in {decisions_path(settings)}: {page.document_id} {page.title or page.url}")
    )
    try:
        with writing(settings.warehouse_path, f"decide on {page.document_id}") as connection:
            amend(connection, read_amendments(settings))
            state, standing = standing_of(connection, page.document_id)
    except WarehouseBusyError as error:
        say("problem", f"{error} The decision is kept; the next run, or nianbao corrections --apply, makes it count.")
        return 1
    if standing != "in_force":
        say(
            "problem",
            f"the page was read again meanwhile and says something else now, so it stays {state}: nianbao quarantine "
            f"show {page.document_id} has the text of today",
        )
    derive_missing(settings.warehouse_path)
    publish(settings.warehouse_path, settings.reader_path)
    if standing == "in_force":
        _say_what_came(page, verdict, state)
    return 0 if standing == "in_force" else 1


def say_unreadable(settings: Settings) -> None:
    """Say which lines of the decision ledger cannot be read."""
    for trouble in read_amendments(settings).decisions.troubles:
        say("problem", trouble)


def _say_what_came(page: QuarantinedPage, verdict: Verdict, state: str | None) -> None:
    if verdict is Verdict.ACCEPTED:
        unknown = [name for name in ("publisher", "report_type", "report_year", "title") if getattr(page, name) is None]
        talk.print(
            "It is in reports now, and published."
            + (
                f" Its {', '.join(unknown)} could not be told: a correction can say it (docs/corrections.md)."
                if unknown
                else ""
            )
        )
    elif verdict is Verdict.REJECTED:
        talk.print("It is out of the quarantine, and of everything that is counted; published.")
    else:
        talk.print(f"It is {state} again, as it was read; published.")


def _past(decision: PastDecision) -> str:
    standing = {"in_force": "holds", "replaced": "replaced by a later one", "text_changed": "of an earlier text"}
    return (
        f"{decision.verdict} by {decision.decided_by} on {decision.decided_at:%Y-%m-%d %H:%M} UTC "
        f"({standing.get(decision.standing, decision.standing)}): {decision.reason}"
    )


def _lines(name: str, value: Any) -> list[str]:
    if value is None or value == [] or value == {}:
        return []
    if isinstance(value, list):
        return [f"{name}: {each}" for each in value]
    if isinstance(value, Mapping):
        return [f"{name}: {key} {each}" for key, each in value.items()]
    if isinstance(value, datetime):
        value = f"{value:%Y-%m-%d %H:%M} UTC"
    return [f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}"]


def _cell(value: Any) -> object:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, str) and len(value) > LONGEST_REASON:
        return value[: LONGEST_REASON - 1] + "…"
    return value
