"""The decision ledger: what a person decided of each page in quarantine, a line each, in a file only ever added to.

``quarantine_decisions.jsonl`` lies in the data folder, outside of everything that can be made anew from the archive:
nothing but this file knows what somebody decided. It is copied to ``core_decisions``, where a merge finds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from warehouse.storage.durability import append_lines, torn_or
from warehouse.storage.instants import kept

FILE_NAME: Final = "quarantine_decisions.jsonl"


class Verdict(StrEnum):
    """What a person can decide of a page in quarantine."""

    ACCEPTED = "accepted"
    """A report to be trusted: it enters ``reports``."""
    REJECTED = "rejected"
    """No report, or none to be trusted."""
    REOPENED = "reopened"
    """Undecided again: what was read of the page counts."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on one page, made of the text it had then."""

    decided_at: datetime
    document_id: str
    url: str
    """Where the page stood: a warehouse made anew may call the document otherwise."""
    verdict: Verdict
    reason: str
    decided_by: str
    text_digest: str | None
    """Of the text that was looked at; ``None``: a page without text."""
    payload_digest: str | None
    """Of the response that text was read from: the decision holds where a newer nianbao reads it otherwise."""


_NEEDED: Final = ("decided_at", "document_id", "url", "verdict", "reason", "decided_by")


@dataclass(frozen=True, slots=True)
class DecisionLedger:
    """The ledger as read: its decisions in the order of the file, and what could not be read of it."""

    decisions: tuple[Decision, ...] = ()
    troubles: tuple[str, ...] = ()
    """One sentence a line that is no decision: ``file:line: why``. Such a line is skipped; nothing else is lost."""


def append_decision(path: Path, decision: Decision) -> None:
    """Add ``decision`` to the ledger at ``path`` (made if absent), synced to disk."""
    line = asdict(decision)
    line["decided_at"] = decision.decided_at.astimezone(UTC).isoformat(timespec="microseconds")
    append_lines(path, (json.dumps(line, ensure_ascii=False) + "\n").encode())


def read_decisions(path: Path) -> DecisionLedger:
    """The ledger at ``path``; an empty one where the file is not there. Raises ``OSError`` where it cannot be read."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return DecisionLedger()
    decisions: list[Decision] = []
    troubles: list[str] = []
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            decisions.append(_of_json(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            troubles.append(f"{path}:{number}: {torn_or(error, line, 'decision')}")
    return DecisionLedger(tuple(decisions), tuple(troubles))


def load_decisions(connection: duckdb.DuckDBPyConnection, decisions: Iterable[Decision]) -> int:
    """Add to ``core_decisions`` the decisions it does not hold; returns their number.

    ``connection`` is one of ``database.writing``. Decisions that the file no longer holds are kept: a lost file must
    not take back what somebody decided. ``amendments.apply_amendments`` makes them count.
    """
    known = list(decisions)
    table = pa.table(
        {
            "document_id": pa.array([each.document_id for each in known], pa.string()),
            "decided_at": pa.array([kept(each.decided_at) for each in known], pa.timestamp("us")),
            "url": pa.array([each.url for each in known], pa.string()),
            "text_digest": pa.array([each.text_digest for each in known], pa.string()),
            "payload_digest": pa.array([each.payload_digest for each in known], pa.string()),
            "verdict": pa.array([each.verdict.value for each in known], pa.string()),
            "reason": pa.array([each.reason for each in known], pa.string()),
            "decided_by": pa.array([each.decided_by for each in known], pa.string()),
        }
    )
    connection.register("decisions_in_file", table)
    try:
        row = connection.execute(
            "INSERT INTO core_decisions BY NAME SELECT DISTINCT ON (document_id, decided_at) * "
            "FROM decisions_in_file f WHERE NOT EXISTS (FROM core_decisions d WHERE d.document_id = f.document_id "
            "AND d.decided_at = f.decided_at)"
        ).fetchone()
    finally:
        connection.unregister("decisions_in_file")
    return int(row[0]) if row is not None else 0


def _of_json(line: Any) -> Decision:
    """A decision of a later version may say more, which is left out."""
    if not isinstance(line, Mapping):
        raise TypeError("no JSON object")
    missing = [name for name in _NEEDED if not line.get(name)]
    if missing:
        raise ValueError(f"without {', '.join(missing)}")
    values: dict[str, Any] = {field.name: line.get(field.name) for field in fields(Decision)}
    moment = datetime.fromisoformat(line["decided_at"])
    if moment.tzinfo is None:
        raise ValueError(f"decided_at {line['decided_at']} has no time zone")
    return Decision(**values | {"decided_at": moment.astimezone(UTC), "verdict": Verdict(line["verdict"])})
