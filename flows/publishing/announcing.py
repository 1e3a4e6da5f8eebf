"""What operators are told without asking, each thing once: sources that fall silent, lists that turn up empty,
overdue reports, broken checks. Knows no Prefect: who sends a message is given.

A matter is announced when it is first seen and not again while it lasts; when it is over, that is noted, and it can be
announced anew. An overdue report is announced once for ever. What was said stands in ``announcements.jsonl`` in the
data folder, a line each, only ever added to: a warehouse made anew does not repeat a year of messages.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from warehouse.checks import CheckResult
from warehouse.query import run_sql
from warehouse.storage.instants import kept

MOST_LINES: Final = 50
"""Matters that a message names; of more it gives the number."""
_NAMESPACE: Final = uuid.UUID("6f0d2c1e-5d0b-4c55-9a0e-0b9c3b7f6a11")
_CHINA: Final = ZoneInfo("Asia/Shanghai")


class Kind(StrEnum):
    """Kinds of matters, as the names of their events end."""

    SOURCE_SILENT = "source-silent"
    COLUMN_EMPTY = "column-empty"
    REPORT_OVERDUE = "report-overdue"
    CHECK_BROKEN = "check-broken"


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that operators are told of."""

    kind: Kind
    key: str
    """What tells it from the others of its kind, for as long as it lasts."""
    line: str
    """In a reader's words, one line."""


@dataclass(frozen=True, slots=True)
class Message:
    """The new matters of one kind."""

    kind: Kind
    id: uuid.UUID
    """The same for the same matters, so that a message sent twice after a crash can be known as one."""
    title: str
    text: str
    keys: tuple[str, ...]


_TITLES: Final = {
    Kind.SOURCE_SILENT: ("1 source has fallen silent", "{} sources have fallen silent"),
    Kind.COLUMN_EMPTY: ("1 column lists nothing", "{} columns list nothing"),
    Kind.REPORT_OVERDUE: ("1 report is overdue", "{} reports are overdue"),
    Kind.CHECK_BROKEN: ("1 check of the data is broken", "{} checks of the data are broken"),
}
_NEXT: Final = {
    Kind.SOURCE_SILENT: "What to do: nianbao problems --kind listing; docs/operating.md, 'a source is silent'.",
    Kind.COLUMN_EMPTY: "What to do: open the column in a browser; docs/operating.md, 'a column lists nothing'.",
    Kind.REPORT_OVERDUE: "What to do: nianbao sql 'FROM overdue'; docs/operating.md, 'a report is overdue'.",
    Kind.CHECK_BROKEN: "What to do: docs/operating.md, 'a check is broken'.",
}


def find_matters(
    reader: Path,
    *,
    now: datetime,
    silent_days: int,
    overdue_grace_days: int,
    followed: Sequence[str],
    checks: Iterable[CheckResult] = (),
) -> tuple[Matter, ...]:
    """Everything that is so at ``now`` (aware), whether it was said before or not.

    ``followed`` are patterns of source ids (``*`` and ``?``); ``checks`` the results of a run of the checks. Raises
    ``NoReaderError`` where no copy has been published.
    """
    silent = run_sql(
        reader,
        _SILENT,
        parameters={"now": kept(now), "before": kept(now - timedelta(days=silent_days))},
    )
    empty = run_sql(reader, _EMPTY)
    overdue = run_sql(reader, _OVERDUE, parameters={"day": now.astimezone(_CHINA).date(), "grace": overdue_grace_days})
    return (
        *(
            Matter(
                Kind.SOURCE_SILENT,
                source,
                f"{publisher} ({source}): "
                + (f"last listed {last:%Y-%m-%d}" if last else f"never listed since {first:%Y-%m-%d}")
                + f"; now {outcome}"
                + (f": {detail}" if detail else ""),
            )
            for source, publisher, last, first, outcome, detail in silent.rows
        ),
        *(
            Matter(Kind.COLUMN_EMPTY, f"{source} {url}", f"{publisher} ({source}): {url}")
            for source, publisher, url in empty.rows
        ),
        *(
            Matter(
                Kind.REPORT_OVERDUE,
                f"{source} {report_type} {year}",
                f"{publisher} ({source}): {report_type} {year}, due {due}, {late} days ago",
            )
            for source, publisher, report_type, year, due, late in overdue.rows
            if any(fnmatchcase(source, pattern) for pattern in followed)
        ),
        *(
            Matter(
                Kind.CHECK_BROKEN,
                result.check.name,
                f"{result.check.name} ({result.check.severity}): {len(result.rows)} rows: {result.check.title}",
            )
            for result in checks
            if result.rows
        ),
    )


_SILENT: Final = """
WITH listed AS (
    SELECT source_id, max(listed_at) FILTER (outcome IN ('ok', 'out_of_bounds', 'listing_gap')) AS last_good,
        min(listed_at) AS first_at, arg_max(outcome, listed_at) AS outcome, arg_max_null(detail, listed_at) AS detail
    FROM raw_listings WHERE listed_at <= $now GROUP BY source_id
)
SELECT s.source_id, s.publisher, l.last_good, l.first_at, l.outcome, l.detail
FROM core_sources s JOIN listed l ON l.source_id = s.source_id
SEMI JOIN core_source_columns c ON c.source_id = s.source_id
WHERE coalesce(l.last_good, l.first_at) <= $before
ORDER BY s.source_id
"""
_EMPTY: Final = """
WITH last_listings AS (
    SELECT source_id, column_url, arg_max(outcome, listed_at) AS outcome FROM raw_listings GROUP BY ALL
)
SELECT s.source_id, s.publisher, c.url
FROM last_listings l
JOIN core_source_columns c ON c.source_id = l.source_id AND c.url = l.column_url
JOIN core_sources s ON s.source_id = l.source_id
WHERE l.outcome = 'empty_list' ORDER BY ALL
"""
_OVERDUE: Final = """
SELECT source_id, publisher, report_type, report_year, due, days_late FROM coverage_on($day)
WHERE state = 'overdue' AND days_late > $grace ORDER BY days_late DESC, source_id, report_type
"""


def announce(ledger: Path, found: Sequence[Matter], send: Callable[[Message], None], *, now: datetime) -> list[Message]:
    """Send what is new, one message a kind, and write down what was said and what is over.

    ``found`` is everything that is so now. A message is written down after ``send`` has returned: after a crash between
    the two it is sent again, with the same id. Where ``send`` raises, what it was to say stays unsaid. Two runs at once
    wait for each other.
    """
    sent = []
    with _opened(ledger) as (said, write):
        current = {(matter.kind, matter.key) for matter in found}
        over = [key for key in said if key not in current and key[0] is not Kind.REPORT_OVERDUE]
        if over:
            write([{"at": now.isoformat(), "what": "over", "kind": kind, "key": key} for kind, key in over])
        for kind in Kind:
            new = [m for m in found if m.kind is kind and (m.kind, m.key) not in said]
            if not new:
                continue
            message = _message(kind, new, now)
            send(message)
            write(
                [
                    {"at": now.isoformat(), "what": "said", "kind": kind, "key": m.key, "event": str(message.id)}
                    for m in new
                ]
            )
            sent.append(message)
    return sent


def _message(kind: Kind, matters: Sequence[Matter], now: datetime) -> Message:
    one, many = _TITLES[kind]
    lines = [f"- {matter.line}" for matter in matters[:MOST_LINES]]
    if len(matters) > MOST_LINES:
        lines.append(f"- and {len(matters) - MOST_LINES} more: nianbao digest")
    keys = tuple(sorted(matter.key for matter in matters))
    return Message(
        kind,
        uuid.uuid5(_NAMESPACE, "\n".join((kind, now.astimezone(_CHINA).date().isoformat(), *keys))),
        one if len(matters) == 1 else many.format(len(matters)),
        "\n".join([*lines, "", _NEXT[kind]]),
        keys,
    )


@contextmanager
def _opened(
    ledger: Path,
) -> Iterator[tuple[set[tuple[Kind, str]], Callable[[list[dict[str, str]]], None]]]:
    ledger.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(ledger, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        content = ledger.read_bytes()
        if content and not content.endswith(b"\n"):  # a power loss cut the last line: that was not said for sure
            os.ftruncate(handle, content.rfind(b"\n") + 1)

        def write(lines: list[dict[str, str]]) -> None:
            os.write(handle, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
            os.fsync(handle)

        yield _said(_lines(content)), write
    finally:
        os.close(handle)


def _lines(content: bytes) -> Iterator[dict[str, str]]:
    whole = content[: content.rfind(b"\n") + 1]
    for line in whole.decode("utf-8").splitlines():
        yield json.loads(line)


def _said(lines: Iterable[dict[str, str]]) -> set[tuple[Kind, str]]:
    said: set[tuple[Kind, str]] = set()
    for line in lines:
        thing = (Kind(line["kind"]), line["key"])
        if line["what"] == "said":
            said.add(thing)
        else:
            said.discard(thing)
    return said
