"""``nianbao corrections``: fields of single documents put right by a person, and whether they still have to be."""

from __future__ import annotations

from flows.commands.shown_answer import output_format, show_answer
from flows.settings import Settings
from flows.terminal import many, show_table, talk
from flows.upkeep.amendments import amend_warehouse, read_amendments
from flows.upkeep.derived import derive_missing
from warehouse.answers.advice import advice, with_advice
from warehouse.errors import NoReaderError
from warehouse.ledgers.amendments import correction_table
from warehouse.readers import publish, require_warehouse

_SHOWN = ("where", "field", "value_read", "expect", "value", "standing", "reason", "reported", "url")
TO_LOOK_AT = ("source_mended", "source_changed")
"""Standings of a correction that somebody has to take out, or renew."""


def corrections_command(settings: Settings, *, apply: bool, output: str) -> int:
    """A row a correction with what has become of it. Exit code 1 where one has to be looked at."""
    form = output_format(output)
    amendments = read_amendments(settings)
    if apply:
        require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
        changed = amend_warehouse(settings, amendments)
        derive_missing(settings.warehouse_path)
        publish(settings.warehouse_path, settings.reader_path)
        talk.print(f"{many(changed, 'document')} changed; published.")
    answer = correction_table(settings.reader_path)
    at = {name: number for number, name in enumerate(answer.columns)}
    known = {(row[at["file"]], row[at["line"]], row[at["field"]], row[at["value"]]) for row in answer.rows}
    waiting = [each for each in amendments.corrections if (each.file, each.line, each.field, each.value) not in known]
    if form == "table":
        rows = [{name: row[at[name]] for name in answer.columns} for row in answer.rows]
        for row in rows:
            row["where"] = f"{row['file']}:{row['line']}"
        show_table(_SHOWN, ([row[name] for name in _SHOWN] for row in rows))
    else:
        show_answer(answer, form)
    look = [row for row in answer.rows if row[at["standing"]] in TO_LOOK_AT]
    for standing in sorted({row[at["standing"]] for row in look}):
        talk.print(f"{standing}: {advice()[standing]}")
    if waiting:
        talk.print(f"{len(waiting)} more stand in the files since the last run: nianbao corrections --apply")
    return 1 if look else 0


def correction_troubles(settings: Settings) -> tuple[str, ...]:
    """What a person should look at in the corrections, and what to do: those that the reader copy does not apply.

    Raises ``SourceError`` for a file that is wrong. Where nothing has been published, nothing is known of them.
    """
    read_amendments(settings)
    try:
        answer = correction_table(settings.reader_path)
    except NoReaderError:
        return ()
    at = {name: number for number, name in enumerate(answer.columns)}
    return tuple(
        with_advice(
            f"{row[at['file']]}:{row[at['line']]}: {row[at['field']]} is read as {row[at['value_read']]}, expected was "
            f"{row[at['expect']]}",
            row[at["standing"]],
        )
        for row in answer.rows
        if row[at["standing"]] in TO_LOOK_AT
    )
